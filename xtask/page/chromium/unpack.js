// Unpacks the Chromium of an npm package into a folder, once, and prints where it is.
//
// The package's own way unpacks into the folder for temporary files, where it may be swept away or not be runnable.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { pipeline } = require('node:stream/promises');
const zlib = require('node:zlib');

async function main([home, folder]) {
  const bin = path.join(home, 'node_modules', '@sparticuz', 'chromium', 'bin');
  const { version } = createRequire(path.join(home, 'x'))('./node_modules/@sparticuz/chromium/package.json');
  const packed = [path.join(bin, process.arch, 'chromium.br'), path.join(bin, 'chromium.br')].find((file) => fs.existsSync(file));
  if (!packed) throw new Error(`the package has no Chromium for ${process.arch}`);
  const program = path.join(folder, `chromium-${version}`);
  if (!fs.existsSync(program)) {
    const part = `${program}.${process.pid}`;
    await pipeline(fs.createReadStream(packed), zlib.createBrotliDecompress(), fs.createWriteStream(part, { mode: 0o755 }));
    fs.renameSync(part, program);
  }
  console.log(program);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
