// A photo of the reader's own, as tutlib.assets.photos reads it. It never leaves the page.

const LEAST = 8, LARGE = 2048;

/** {rgba, width, height} of a picture file: upright (EXIF), transparent parts laid on white. */
export async function readPhoto(file) {
  let picture;
  try {
    picture = await createImageBitmap(file, {imageOrientation: "from-image"});
  } catch {
    throw new Error(`${file.name} is not a picture that can be read here: open it in a picture viewer and save it again as JPEG or PNG.`);
  }
  let {width, height} = picture;
  if (Math.min(width, height) < LEAST) {
    throw new Error(`${file.name} is only ${width} x ${height} pixels: choose a picture of at least ${LEAST} x ${LEAST}.`);
  }
  let from = picture;
  while (Math.min(width, height) > LARGE) {  // by halves; the last stretch is Lanczos, in the worker
    width = Math.ceil(width / 2); height = Math.ceil(height / 2);
    from = drawn(from, width, height);
  }
  const canvas = drawn(from, width, height);
  picture.close();
  return {rgba: canvas.getContext("2d").getImageData(0, 0, width, height).data, width, height};
}

function drawn(picture, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), {width, height});
  const pen = canvas.getContext("2d", {willReadFrequently: true, colorSpace: "srgb"});
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, width, height);
  return canvas;
}
