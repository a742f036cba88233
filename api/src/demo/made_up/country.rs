//! A list of regions of the size and shape of the whole country, as a sheet for `lianhu import regions`. All names are
//! made up.

use super::land::{Names, county, township, village};
use crate::demo::dice::Dice;
use indicatif::ProgressBar;
use std::io::{self, Write};

/// Codes of the provinces.
const PROVINCES: [usize; 31] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54,
    61, 62, 63, 64, 65,
];
const CITIES: usize = 340;
const COUNTIES: usize = 2_980;
const TOWNSHIPS: usize = 41_000;
const VILLAGES: usize = 620_000;
/// Cities without counties, and the townships directly below each.
const WITHOUT_COUNTIES: usize = 3;
const DIRECTLY_BELOW: usize = 30;

/// Rows of the list, without its header.
pub const ROWS: usize = PROVINCES.len() + CITIES + COUNTIES + TOWNSHIPS + VILLAGES;

/// Writes the list, by code.
pub fn write(to: impl Write, seed: u64, progress: &ProgressBar) -> io::Result<()> {
    let mut dice = Dice::new(seed);
    let of_provinces = dice.split(CITIES, PROVINCES.len());
    let with = CITIES - WITHOUT_COUNTIES;
    let of_cities = dice.split(COUNTIES, with);
    let of_counties = dice.split(TOWNSHIPS - WITHOUT_COUNTIES * DIRECTLY_BELOW, COUNTIES);
    let of_townships = dice.split(VILLAGES, TOWNSHIPS);
    let mut sheet = Sheet { to: io::BufWriter::new(to), progress, townships: of_townships.into_iter() };
    let (mut of_cities, mut of_counties) = (of_cities.into_iter(), of_counties.into_iter());
    sheet.to.write_all(b"code,name,kind\n")?;
    let mut names = Names::default();
    for (code, cities) in PROVINCES.iter().zip(of_provinces) {
        let province = format!("{code:02}");
        sheet.row(&province, &names.draw(&mut dice), "省", "PROVINCE")?;
        let mut names = Names::default();
        for at in 0..cities {
            let city = format!("{province}{:02}", at + 1);
            sheet.row(&city, &names.draw(&mut dice), "市", "CITY")?;
            // The last city of three provinces has no counties.
            if at + 1 == cities && matches!(code, 14 | 33 | 46) {
                sheet.townships(&mut dice, &format!("{city}00"), DIRECTLY_BELOW)?;
                continue;
            }
            let counties = of_cities.next().unwrap_or_default();
            let mut names = Names::default();
            for at in 0..counties {
                let (own, ending) = county(at, counties);
                let code = format!("{city}{own:02}");
                sheet.row(&code, &names.draw(&mut dice), ending, "COUNTY")?;
                sheet.townships(&mut dice, &code, of_counties.next().unwrap_or_default())?;
            }
        }
    }
    sheet.to.flush()
}

struct Sheet<'a, W: Write> {
    to: W,
    progress: &'a ProgressBar,
    /// How many villages each township has.
    townships: std::vec::IntoIter<usize>,
}

impl<W: Write> Sheet<'_, W> {
    fn row(&mut self, code: &str, name: &str, ending: &str, kind: &str) -> io::Result<()> {
        self.progress.inc(1);
        writeln!(self.to, "{code},{name}{ending},{kind}")
    }

    /// The townships of a county with their villages.
    fn townships(&mut self, dice: &mut Dice, above: &str, count: usize) -> io::Result<()> {
        let mut names = Names::default();
        for at in 0..count {
            let (own, ending) = township(at, count);
            let code = format!("{above}{own:03}");
            self.row(&code, &names.draw(dice), ending, "TOWNSHIP")?;
            let villages = self.townships.next().unwrap_or_default();
            let mut names = Names::default();
            for at in 0..villages {
                let (own, ending) = village(at, villages);
                self.row(&format!("{code}{own:03}"), &names.draw(dice), ending, "VILLAGE")?;
            }
        }
        Ok(())
    }
}
