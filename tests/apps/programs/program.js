// SPDX-License-Identifier: GPL-2.0
// Collections, garbage, compression, worker threads and a child, for node under emulation.
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto');
const zlib = require('zlib');
const { execFileSync } = require('child_process');

function work(seed) {
  const count = new Map();
  let state = seed;
  for (let i = 0; i < 60000; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const key = `key-${(state >>> 8) % 5000}`;
    count.set(key, (count.get(key) || 0) + 1);
  }
  const text = [...count.entries()].sort().map(([key, value]) => `${key}=${value}`).join('\n');
  const packed = zlib.gzipSync(text, { level: 9 });
  if (zlib.gunzipSync(packed).toString() !== text) {
    throw new Error('unpacked text differs');
  }
  return crypto.createHash('sha256').update(text).digest('hex');
}

if (!isMainThread) {
  parentPort.postMessage(work(workerData));
} else {
  console.log(work(1));
  const results = [2, 3].map((seed) => new Promise((done, fail) => {
    const worker = new Worker(__filename, { workerData: seed });
    worker.on('message', done);
    worker.on('error', fail);
  }));
  Promise.all(results).then((hashes) => {
    hashes.forEach((hash) => console.log(hash));
    console.log(execFileSync('/bin/sh', ['-c', 'seq 1 1000 | tail -n 1']).toString().trim());
    console.log(JSON.stringify(Array.from({ length: 2000 }, (_, i) => ({ i, square: i * i }))).length);
  });
}
