// Photos as cameras make them, and what is left of them afterwards.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ROOT } from './world.mjs';

/** 4032 x 3024 pixels that must be turned by 90 degrees; position, serial number and maker's note inside. */
export const CORRIDOR = join(ROOT, 'tests/fixtures/photos/corridor-12mp-rotated-gps.jpg');
/** 1632 x 1224 pixels, upright; position, serial number and maker's note inside. */
export const YARD = join(ROOT, 'tests/fixtures/photos/yard-2mp.jpg');
/** What must not leave the device. */
const PRIVATE = ['Exif', 'GPS', 'SN-0042-PRIVATE', 'maker-note-private', 'TestPhone', '2026:09:01', 'http://ns.adobe.com'];
/** How far the mean colour of a part may move by scaling and JPEG, of 255. */
const COLOUR_DISTANCE_MAX = 10;
/** The longest side and the most bytes of a kept photo. */
const SIDE_PX_MAX = 1600;
const PHOTO_BYTES_MAX = 300 * 1024;

/** The segments of a JPEG's head: marker and bytes, up to the picture itself. */
function segments(bytes) {
  const found = [];
  for (let at = 2; bytes[at] === 0xff && bytes[at + 1] !== 0xda;) {
    const length = bytes.readUInt16BE(at + 2);
    found.push({ marker: bytes[at + 1], bytes: bytes.subarray(at, at + 2 + length) });
    at += 2 + length;
  }
  return found;
}

/**
 * Makes `count` photos out of one, each another picture with the same camera data.
 *
 * @returns files as a file chooser hands them over
 */
export async function morePhotos(page, file, count) {
  const original = await readFile(file);
  const camera = segments(original).filter(({ marker }) => marker === 0xe1).map(({ bytes }) => bytes);
  assert.ok(camera.length > 0, 'the photo has camera data');
  const pictures = await page.evaluate(async ([encoded, many]) => {
    const blob = await (await fetch(`data:image/jpeg;base64,${encoded}`)).blob();
    const picture = await createImageBitmap(blob, { imageOrientation: 'none' });
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext('2d');
    const results = [];
    for (let index = 0; index < many; index += 1) {
      context.drawImage(picture, 0, 0);
      context.fillStyle = `hsl(${index * 67} 80% 50%)`;
      context.fillRect(picture.width * 0.3, picture.height * 0.3, picture.width * 0.4, picture.height * 0.4);
      const jpeg = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 })).arrayBuffer());
      results.push(btoa(Array.from(jpeg, (byte) => String.fromCharCode(byte)).join('')));
    }
    return results;
  }, [original.toString('base64'), count]);
  return pictures.map((encoded, index) => {
    const plain = Buffer.from(encoded, 'base64');
    const buffer = Buffer.concat([plain.subarray(0, 2), ...camera, plain.subarray(2)]);
    return { name: `IMG_${index + 1}.jpg`, mimeType: 'image/jpeg', buffer };
  });
}

/** A photo as a file chooser hands it over. */
export async function photoFile(path, name) {
  return { name, mimeType: 'image/jpeg', buffer: await readFile(path) };
}

/** Size and mean colour of the four corners and the middle; `turned` obeys the camera's data as a viewer does. */
export async function look(page, bytes, { turned }) {
  return page.evaluate(async ([encoded, orientation]) => {
    const blob = await (await fetch(`data:image/jpeg;base64,${encoded}`)).blob();
    const picture = await createImageBitmap(blob, { imageOrientation: orientation });
    const { width, height } = picture;
    const [wide, high] = [Math.round(width / 8), Math.round(height / 8)];
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(picture, 0, 0);
    const mean = (x, y) => {
      const { data } = context.getImageData(x, y, wide, high);
      const sum = [0, 0, 0];
      for (let at = 0; at < data.length; at += 4) for (let part = 0; part < 3; part += 1) sum[part] += data[at + part];
      return sum.map((total) => total / (data.length / 4));
    };
    const [right, bottom] = [width - wide, height - high];
    const places = [[0, 0], [right, 0], [0, bottom], [right, bottom], [Math.round(right / 2), Math.round(bottom / 2)]];
    return { width, height, parts: places.map(([x, y]) => mean(x, y)) };
  }, [bytes.toString('base64'), turned ? 'from-image' : 'none']);
}

const distance = (one, other) => Math.max(...one.flatMap((colour, place) => colour.map((part, index) => Math.abs(part - other[place][index]))));

/** Every photo that the server holds. */
export async function photosOfServer(server) {
  const names = await readdir(join(server.data, 'photos'), { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name));
  return Promise.all(files.map(async (entry) => ({ name: entry.name, bytes: await readFile(join(entry.parentPath ?? entry.path, entry.name)) })));
}

/** Whether a kept photo looks like the wanted one, brought to the size that photos are kept in. */
export function isSame(kept, wanted) {
  const ratio = Math.min(1, SIDE_PX_MAX / Math.max(wanted.width, wanted.height));
  const near = (one, other) => Math.abs(one - other * ratio) <= 1;
  return near(kept.width, wanted.width) && near(kept.height, wanted.height)
    && distance(kept.parts, wanted.parts) <= COLOUR_DISTANCE_MAX;
}

/** Refuses a photo in which anything but pixels is left. */
export function onlyPixels({ name, bytes }) {
  const text = bytes.toString('latin1');
  for (const word of PRIVATE) assert.ok(!text.includes(word), `${name} still says ${word}`);
  const extra = segments(bytes).map(({ marker }) => marker).filter((marker) => (marker >= 0xe1 && marker <= 0xef) || marker === 0xfe);
  assert.deepEqual(extra, [], `${name} has segments that are no part of a picture`);
  assert.ok(bytes.length <= PHOTO_BYTES_MAX, `${name} has ${bytes.length} bytes`);
}
