/*
 * Says across a crash that an owner's apply was begun and has not ended well: the files alone cannot tell. It stands from
 * before the edit until the apply has ended with 0.
 */
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export class ApplyMark {
  readonly #path: string;

  /** `name`: of the change, as a file may be named. */
  constructor(runFolder: string, name: string) {
    this.#path = join(runFolder, 'applying', name);
  }

  /** Resolves when it would survive a crash. */
  async set(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const file = await open(this.#path, 'w', 0o600);
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async isSet(): Promise<boolean> {
    return (await stat(this.#path).catch(() => undefined)) !== undefined;
  }
}
