/* Writes docs/sightline.schema.json: `./scripts/node src/adapters/settings/write-schema.ts`. */
import { writeFile } from 'node:fs/promises';
import { jsonSchema } from './schema.ts';

await writeFile('docs/sightline.schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`);
