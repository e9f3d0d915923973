/*
 * What the lab throws when it could not do its work: never for an estate's problem, never for a program that failed.
 */

export class LabError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(code: string, message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LabError';
    this.code = code;
    this.hint = hint;
  }
}
