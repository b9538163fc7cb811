//! Pictures in formats that only the browser can read.

use futures::channel::oneshot;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Twice what is kept of a photo, so that the replica's own shrinking decides how it looks.
const SIDE_PX_MAX: u32 = 3200;
/// High, because the replica compresses once more.
const QUALITY: f64 = 0.95;

/// The picture as a JPEG, upright and on white, when this browser can read it: PNG and WebP everywhere, HEIC on
/// Apple's phones. Nothing when it cannot.
pub(crate) async fn read_as_jpeg(file: &[u8]) -> Option<Vec<u8>> {
    let window = web_sys::window()?;
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(file));
    let blob = web_sys::Blob::new_with_u8_array_sequence(&parts).ok()?;
    let bitmap = window.create_image_bitmap_with_blob(&blob).ok()?;
    let bitmap: web_sys::ImageBitmap = JsFuture::from(bitmap).await.ok()?.unchecked_into();
    let jpeg = draw(&window, &bitmap).await;
    bitmap.close();
    jpeg
}

async fn draw(window: &web_sys::Window, bitmap: &web_sys::ImageBitmap) -> Option<Vec<u8>> {
    let canvas = window.document()?.create_element("canvas").ok()?;
    let canvas: web_sys::HtmlCanvasElement = canvas.unchecked_into();
    let (width, height) = fitted(bitmap.width(), bitmap.height());
    canvas.set_width(width);
    canvas.set_height(height);
    let context: web_sys::CanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
    let (width, height) = (f64::from(width), f64::from(height));
    context.set_fill_style_str("#fff");
    context.fill_rect(0.0, 0.0, width, height);
    context
        .draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, width, height)
        .ok()?;
    let (done, written) = oneshot::channel();
    let callback = Closure::once_into_js(move |blob: Option<web_sys::Blob>| {
        let _ = done.send(blob);
    });
    canvas
        .to_blob_with_type_and_encoder_options(callback.unchecked_ref(), "image/jpeg", &QUALITY.into())
        .ok()?;
    let bytes = JsFuture::from(written.await.ok()??.array_buffer()).await.ok()?;
    // A canvas of this size is some megabytes that nobody needs any longer.
    canvas.set_width(0);
    Some(js_sys::Uint8Array::new(&bytes).to_vec())
}

/// At most [`SIDE_PX_MAX`] on the longest side, never nothing.
fn fitted(width: u32, height: u32) -> (u32, u32) {
    let longest = f64::from(width.max(height).max(1));
    let scale = (f64::from(SIDE_PX_MAX) / longest).min(1.0);
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_fitted_and_never_enlarged() {
        assert_eq!(fitted(6400, 3200), (3200, 1600));
        assert_eq!(fitted(100, 50), (100, 50));
        assert_eq!(fitted(100_000, 1), (3200, 1));
        assert_eq!(fitted(0, 0), (1, 1));
    }
}
