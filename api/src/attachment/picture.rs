//! Pictures made ready: read, turned upright and written anew, so that nothing but their dots is kept. Where it was, when
//! and by which phone stays behind, and so does whatever hangs behind the picture.

use image::{
    DynamicImage, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    metadata::Orientation,
};
use std::io::Cursor;

/// The longer side of a thumbnail.
const SMALL: u32 = 320;
const QUALITY: u8 = 90;
const SMALL_QUALITY: u8 = 80;
/// Bytes of a dot: four channels.
const DOT: u64 = 4;
/// Bytes beside the dots that a reader may take: tables, rows, profiles.
const BESIDE: u64 = 32 * 1024 * 1024;

/// A picture that is ready.
pub(super) struct Picture {
    pub(super) bytes: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
    /// The same, small, as JPEG.
    pub(super) thumbnail: Vec<u8>,
}

/// Why a picture is not taken.
pub(super) enum Trouble {
    /// It has too many dots.
    Large(u32, u32),
    /// It cannot be read.
    Broken,
    /// It cannot be written.
    Ours(ImageError),
}

/// Makes a picture ready. Its size is looked at before any of it is unpacked.
pub(super) fn ready(bytes: &[u8], format: ImageFormat, most_pixels: u64) -> Result<Picture, Trouble> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(most_pixels.saturating_mul(DOT).saturating_add(BESIDE));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| Trouble::Broken)?;
    let (width, height) = decoder.dimensions();
    let dots = u64::from(width).saturating_mul(height.into());
    if dots > most_pixels || decoder.total_bytes() > most_pixels.saturating_mul(DOT) {
        return Err(Trouble::Large(width, height));
    }
    let upright = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|_| Trouble::Broken)?;
    image.apply_orientation(upright);
    let image = plain(image);
    let thumbnail = if image.width().max(image.height()) > SMALL {
        flat(&image.thumbnail(SMALL, SMALL))
    } else {
        flat(&image)
    };
    let thumbnail = jpeg(&DynamicImage::ImageRgb8(thumbnail), SMALL_QUALITY).map_err(Trouble::Ours)?;
    let (width, height) = (image.width(), image.height());
    let written = match format {
        ImageFormat::Png => png(&image),
        _ => jpeg(&image, QUALITY),
    };
    Ok(Picture { bytes: written.map_err(Trouble::Ours)?, width, height, thumbnail })
}

/// Eight bits a channel.
fn plain(image: DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageLuma8(_)
        | DynamicImage::ImageLumaA8(_)
        | DynamicImage::ImageRgb8(_)
        | DynamicImage::ImageRgba8(_) => image,
        DynamicImage::ImageLuma16(_) => image.into_luma8().into(),
        DynamicImage::ImageLumaA16(_) => image.into_luma_alpha8().into(),
        DynamicImage::ImageRgba16(_) | DynamicImage::ImageRgba32F(_) => image.into_rgba8().into(),
        _ => image.into_rgb8().into(),
    }
}

/// What shows through is white.
fn flat(image: &DynamicImage) -> RgbImage {
    let mut out = RgbImage::new(image.width(), image.height());
    for (from, to) in image.to_rgba8().pixels().zip(out.pixels_mut()) {
        let [red, green, blue, alpha] = from.0;
        let over = |channel: u8| {
            let mixed = u32::from(channel) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from(mixed / 255).unwrap_or(u8::MAX)
        };
        *to = Rgb([over(red), over(green), over(blue)]);
    }
    out
}

fn jpeg(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, ImageError> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality).encode_image(image)?;
    Ok(out)
}

fn png(image: &DynamicImage) -> Result<Vec<u8>, ImageError> {
    let mut out = Vec::new();
    PngEncoder::new(&mut out).write_image(
        image.as_bytes(),
        image.width(),
        image.height(),
        image.color().into(),
    )?;
    Ok(out)
}
