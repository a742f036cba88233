//! QR codes (二维码): black and white squares, as a drawing or as a picture.

use crate::kernel::error::{Error, Result};
use fast_qr::{ECL, QRBuilder, QRCode};
use std::fmt::Write as _;

/// Squares of white around the code, so that it is found.
const QUIET: usize = 4;
/// Dots of a square in a picture.
const DOTS: usize = 8;

/// A code.
pub struct Code(QRCode);

impl Code {
    /// Of a text; a quarter of it may be damaged, as befits paper that hangs beside a door.
    pub fn new(text: &str) -> Result<Self> {
        QRBuilder::new(text).ecl(ECL::Q).build().map(Self).map_err(|_| Error::internal("a code too long"))
    }

    /// Squares on a side, with the white around.
    fn side(&self) -> usize {
        self.0.size + 2 * QUIET
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.0.size);
        inside(y).zip(inside(x)).is_some_and(|(y, x)| self.0[y][x].value())
    }

    /// As a drawing, to stand by itself or in a page.
    #[must_use]
    pub fn svg(&self) -> String {
        let side = self.side();
        let mut path = String::new();
        for y in 0..side {
            let mut x = 0;
            while x < side {
                let run = (x..side).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run + 1;
            }
        }
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>"##
        )
    }

    /// As a picture: PNG of one bit a dot.
    pub fn png(&self) -> Result<Vec<u8>> {
        let side = self.side();
        let dots = side * DOTS;
        let mut bits = Vec::with_capacity(dots * dots.div_ceil(8));
        for y in 0..side {
            // A square is as wide as a byte.
            let row: Vec<u8> = (0..side).map(|x| if self.is_dark(x, y) { 0 } else { 0xff }).collect();
            (0..DOTS).for_each(|_| bits.extend_from_slice(&row));
        }
        let width = u32::try_from(dots).map_err(Error::internal)?;
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, width, width);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header().map_err(Error::internal)?;
        writer.write_image_data(&bits).map_err(Error::internal)?;
        writer.finish().map_err(Error::internal)?;
        Ok(png)
    }
}
