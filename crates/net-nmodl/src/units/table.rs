//! The built-in units: the names of GNU units that models use, in terms of SI base units.
//! Values are the exact ones of the SI of 2019; definitions may use what stands above them.

use std::collections::HashMap;

use super::{Quantity, UnitTable};

/// Prefixes of unit names. Short ones (`m` of `mV`) do not exist: `UNITS { (mV) = (millivolt) }`.
pub(super) const PREFIXES: [(&str, f64); 16] = [
    ("atto", 1e-18),
    ("femto", 1e-15),
    ("pico", 1e-12),
    ("nano", 1e-9),
    ("micro", 1e-6),
    ("milli", 1e-3),
    ("centi", 1e-2),
    ("deci", 1e-1),
    ("deka", 1e1),
    ("hecta", 1e2),
    ("hecto", 1e2),
    ("kilo", 1e3),
    ("mega", 1e6),
    ("meg", 1e6),
    ("giga", 1e9),
    ("tera", 1e12),
];

/// Base units, in the order of [`super::Dimensions`].
const BASE: [&str; 7] = ["m", "kg", "sec", "coul", "candela", "bit", "K"];

#[rustfmt::skip]
const DEFINITIONS: &[(&str, &str)] = &[
    // Numbers and constants.
    ("fuzz", "1"), ("two", "2"), ("pi", "3.14159265358979323846"),
    ("c", "2.99792458+8 m/sec"), ("g", "9.80665 m/sec2"), ("mole", "6.02214076+23"),
    ("e", "1.602176634-19 coul"), ("%", "1|100"), ("percent", "%"),
    // Angles.
    ("radian", ".5 / pi"), ("degree", "1|180 pi-radian"), ("steradian", "radian2"),
    // Time.
    ("second", "sec"), ("s", "sec"), ("minute", "60 sec"), ("min", "minute"),
    ("hour", "60 min"), ("hr", "hour"), ("day", "24 hr"), ("week", "7 day"),
    ("year", "365.24219879 day"), ("ms", "millisec"), ("us", "microsec"), ("ns", "nanosec"),
    // Mass.
    ("gram", "millikg"), ("gm", "gram"), ("mg", "milligram"), ("tonne", "1+6 gm"),
    // Length, area, volume.
    ("meter", "m"), ("metre", "meter"), ("cm", "centimeter"), ("mm", "millimeter"),
    ("km", "kilometer"), ("nm", "nanometer"), ("micron", "micrometer"),
    ("angstrom", "decinanometer"), ("inch", "2.54 cm"), ("cc", "cm3"), ("liter", "kilocc"),
    ("litre", "liter"), ("ml", "milliliter"),
    // Force, energy, pressure.
    ("newton", "kg-m/sec2"), ("nt", "newton"), ("N", "newton"), ("joule", "nt-m"),
    ("cal", "4.1868 joule"), ("calorie", "cal"), ("erg", "cm2-gm/sec2"), ("dyne", "cm-gm/sec2"),
    ("pascal", "nt/m2"), ("bar", "1+5 nt/m2"), ("atmosphere", "1.01325+5 nt/m2"),
    ("atm", "atmosphere"), ("poise", "gm/cm-sec"),
    // Electricity.
    ("coulomb", "coul"), ("C", "coul"), ("ampere", "coul/sec"), ("amp", "ampere"),
    ("watt", "joule/sec"), ("volt", "watt/amp"), ("V", "volt"), ("ohm", "volt/amp"),
    ("mho", "/ohm"), ("siemens", "/ohm"), ("farad", "coul/volt"), ("pf", "picofarad"),
    ("henry", "sec2/farad"), ("mh", "millihenry"), ("weber", "volt-sec"),
    ("gauss", "1-4 weber/m2"), ("tesla", "weber/m2"), ("kilohm", "kiloohm"),
    ("megohm", "megaohm"), ("electronvolt", "e-volt"), ("ev", "e-volt"), ("eV", "e V"),
    ("kev", "1+3 e-volt"),
    // Light, information.
    ("cd", "candela"), ("lumen", "cd steradian"), ("lux", "lumen/m2"), ("byte", "8 bit"),
    // Rates.
    ("hertz", "/sec"), ("Hz", "hertz"), ("hz", "/sec"), ("khz", "1+3 /sec"), ("mhz", "1+6 /sec"),
    ("becquerel", "/sec"), ("rpm", "360 degree/minute"),
    // Chemistry and temperature. A mole is a number here.
    ("dalton", "1.66044-27 kg"), ("faraday", "e-mole"), ("boltzmann", "1.380649-23 joule/K"),
    ("k", "boltzmann"), ("gasconstant", "k-mole"), ("R", "gasconstant"), ("degC", "K"),
    ("kelvin", "K"), ("degF", "5|9 degC"), ("planck", "6.62607015-34 joule-sec"),
    ("hbar", "planck/two-pi"),
];

pub(super) fn build() -> UnitTable {
    let mut units = HashMap::new();
    for (index, name) in BASE.iter().enumerate() {
        let mut quantity = Quantity::ONE;
        quantity.dimensions[index] = 1;
        units.insert((*name).to_owned(), quantity);
    }
    let mut table = UnitTable { units };
    for (name, meaning) in DEFINITIONS {
        // A definition that does not parse stays unknown; the test below keeps it from happening.
        if let Ok(quantity) = table.parse(meaning) {
            table.units.insert((*name).to_owned(), quantity);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_definitions_parse() {
        let table = build();
        for (name, _) in DEFINITIONS {
            assert!(table.units.contains_key(*name), "{name}");
        }
        assert_eq!(table.units.len(), BASE.len() + DEFINITIONS.len());
    }
}
