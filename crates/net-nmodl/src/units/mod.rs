//! Units as NMODL writes them: `mA/cm2`, `k-mole`, `10000 coulomb`, `/ms`.
//!
//! A unit text is an optional number followed by names; a digit behind a name is its power, `-`
//! and blanks multiply, and everything behind a `/` divides. Names may carry the long prefixes
//! (`milli`, `micro`, ...) and a plural `s`. [`UnitTable::factor`] multiplies in the order of the
//! text, so that constants such as `F = (faraday) (coulomb)` get NEURON's values to the last bit.

mod lint;
mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use thiserror::Error;

pub(crate) use lint::lint;

/// Powers of meter, kilogram, second, coulomb, candela, bit and kelvin.
pub type Dimensions = [i8; 7];

/// A unit as a multiple of products of base units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// How many base units one of these is.
    pub factor: f64,
    /// Powers of the base units.
    pub dimensions: Dimensions,
}

/// A unit text that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnitError {
    /// A name in it is not in the table.
    #[error("unit `{0}` is not known")]
    Unknown(String),
    /// A conversion between different dimensions.
    #[error("`{from}` and `{to}` have different dimensions")]
    Dimensions {
        /// Unit converted.
        from: String,
        /// Unit wanted.
        to: String,
    },
    /// A redefinition with another meaning.
    #[error("unit `{0}` already means something else")]
    Redefined(String),
}

/// Units by name: the built-in ones and those of `UNITS` blocks.
///
/// ```
/// use net_nmodl::units::UnitTable;
/// let mut units = UnitTable::standard();
/// units.define("mV", "millivolt")?;
/// assert_eq!(units.factor("volt", "mV")?, 1000.0);
/// assert_eq!(units.factor("faraday", "coulomb")?, 96485.332123310014);
/// # Ok::<(), net_nmodl::units::UnitError>(())
/// ```
#[derive(Clone, Debug)]
pub struct UnitTable {
    units: HashMap<String, Quantity>,
}

impl Quantity {
    /// The number one.
    pub const ONE: Quantity = Quantity { factor: 1.0, dimensions: [0; 7] };

    fn times(&mut self, unit: &Quantity, prefix: f64, divide: bool) {
        // The product with the prefix comes first, as in NEURON: it decides the last bit.
        let factor = unit.factor * prefix;
        if divide {
            self.factor /= factor;
        } else {
            self.factor *= factor;
        }
        for (mine, its) in self.dimensions.iter_mut().zip(unit.dimensions) {
            let power = if divide { mine.saturating_sub(its) } else { mine.saturating_add(its) };
            *mine = power;
        }
    }
}

impl UnitTable {
    /// The built-in units.
    #[must_use]
    pub fn standard() -> Self {
        static STANDARD: LazyLock<UnitTable> = LazyLock::new(table::build);
        STANDARD.clone()
    }

    /// Adds `(name) = (meaning)`.
    ///
    /// # Errors
    /// If a name in `meaning` is unknown, or `name` has another meaning already.
    pub fn define(&mut self, name: &str, meaning: &str) -> Result<(), UnitError> {
        let quantity = self.parse(meaning)?;
        if let Some(known) = self.units.get(name) {
            let same = known.dimensions == quantity.dimensions
                && (known.factor / quantity.factor - 1.0).abs() < 1e-5;
            return if same { Ok(()) } else { Err(UnitError::Redefined(name.to_owned())) };
        }
        self.units.insert(name.to_owned(), quantity);
        Ok(())
    }

    /// The meaning of a unit text.
    ///
    /// # Errors
    /// [`UnitError::Unknown`] names the part that is not known.
    pub fn parse(&self, text: &str) -> Result<Quantity, UnitError> {
        let (number, rest) = leading_number(text);
        let mut quantity =
            Quantity { factor: if number == 0.0 { 1.0 } else { number }, ..Quantity::ONE };
        let mut divide = false;
        let mut name = String::new();
        // A blank behind the end takes up the last name.
        for c in rest.chars().chain(std::iter::once(' ')) {
            if !matches!(c, '1'..='9' | '-' | '/') && !c.is_whitespace() {
                name.push(c);
                continue;
            }
            if !name.is_empty() {
                let (unit, prefix) = self.find(&name)?;
                let power = c.to_digit(10).unwrap_or(1);
                for _ in 0..power {
                    quantity.times(&unit, prefix, divide);
                }
                name.clear();
            }
            divide |= c == '/';
        }
        Ok(quantity)
    }

    /// The number of units `to` in one `from`.
    ///
    /// # Errors
    /// If one is unknown or the dimensions differ.
    pub fn factor(&self, from: &str, to: &str) -> Result<f64, UnitError> {
        let (numerator, denominator) = (self.parse(from)?, self.parse(to)?);
        if numerator.dimensions != denominator.dimensions {
            return Err(UnitError::Dimensions { from: from.to_owned(), to: to.to_owned() });
        }
        Ok(numerator.factor / denominator.factor)
    }

    /// A unit name with the factor of its prefixes, `millivolts` as (volt, 1e-3).
    fn find(&self, name: &str) -> Result<(Quantity, f64), UnitError> {
        let mut rest = name;
        let mut factor = 1.0;
        loop {
            if let Some(unit) = self.units.get(rest) {
                return Ok((*unit, factor));
            }
            // A prefix alone is a number: `milli/liter`.
            if rest.is_empty() {
                return Ok((Quantity::ONE, factor));
            }
            let prefix = table::PREFIXES
                .iter()
                .find_map(|&(prefix, value)| rest.strip_prefix(prefix).map(|tail| (tail, value)));
            if let Some((tail, value)) = prefix {
                factor *= value;
                rest = tail;
            } else if let Some(singular) = rest.strip_suffix('s').filter(|tail| !tail.is_empty()) {
                rest = singular;
            } else {
                return Err(UnitError::Unknown(name.to_owned()));
            }
        }
    }
}

/// The number before a unit, 0 if there is none, with what follows. Powers of ten are written
/// `1+4` or `1-3`, fractions `1|60`.
fn leading_number(text: &str) -> (f64, &str) {
    let text = text.trim_start();
    let mut literal = String::new();
    let mut rest = text;
    let take = |rest: &mut &str, literal: &mut String, more: &dyn Fn(char) -> bool| {
        let length = rest.find(|c: char| !more(c)).unwrap_or(rest.len());
        literal.push_str(&rest[..length]);
        *rest = &rest[length..];
    };
    take(&mut rest, &mut literal, &|c| c.is_ascii_digit() || c == '.');
    if rest.starts_with(['+', '-']) && !literal.is_empty() {
        literal.push('e');
        literal.push_str(&rest[..1]);
        rest = &rest[1..];
        take(&mut rest, &mut literal, &|c| c.is_ascii_digit());
    }
    // A `-` that only joins a name, as in `2-m`, is no exponent.
    let number = literal.trim_end_matches(['e', '+', '-']).parse::<f64>();
    let number = literal.parse::<f64>().or(number).unwrap_or(0.0);
    match rest.strip_prefix('|') {
        Some(denominator) => {
            let (denominator, rest) = leading_number(denominator);
            (number / denominator, rest)
        }
        None => (number, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    // The digits are those that NEURON prints.
    #[allow(clippy::excessive_precision)]
    fn constants_have_the_values_of_neuron() {
        let units = UnitTable::standard();
        let factor = |from, to| units.factor(from, to).unwrap();
        assert_eq!(factor("faraday", "coulomb"), 96485.332123310014);
        assert_eq!(factor("faraday", "coulombs"), 96485.332123310014);
        assert_eq!(factor("faraday", "10000 coulomb"), 9.6485332123310013);
        assert_eq!(factor("faraday", "kilocoulombs") * 1000.0, 96485.332123310016);
        assert_eq!(factor("k-mole", "joule/degC"), 8.3144626181532395);
        assert_eq!(factor("e", "coulomb"), 1.602176634e-19);
        assert_eq!(factor("pi", "1"), std::f64::consts::PI);
    }

    #[test]
    fn units_are_products_with_powers_and_quotients() {
        let mut units = UnitTable::standard();
        units.define("mA", "milliamp").unwrap();
        units.define("molar", "1/liter").unwrap();
        units.define("mM", "millimolar").unwrap();
        assert_eq!(units.parse("mA/cm2").unwrap().dimensions, [-2, 0, -1, 1, 0, 0, 0]);
        assert!((units.factor("mA/cm2", "amp/m2").unwrap() - 10.0).abs() < 1e-12);
        assert_eq!(units.factor("1/ms", "/sec").unwrap(), 1000.0);
        // Everything behind the slash divides.
        assert_eq!(units.parse("m/sec-kg").unwrap().dimensions, [1, -1, -1, 0, 0, 0, 0]);
        assert!((units.parse("mM").unwrap().factor - 1.0).abs() < 1e-12);
        assert_eq!(units.parse("milli/liter"), units.parse("mM"));
        assert_eq!(units.parse("").unwrap(), Quantity::ONE);
        assert_eq!(units.parse("1").unwrap(), Quantity::ONE);
    }

    #[test]
    fn errors_name_the_part() {
        let mut units = UnitTable::standard();
        assert_eq!(units.parse("mA/cm2"), Err(UnitError::Unknown("mA".into())));
        assert!(matches!(units.factor("volt", "amp"), Err(UnitError::Dimensions { .. })));
        assert_eq!(units.define("meter", "sec"), Err(UnitError::Redefined("meter".into())));
        assert_eq!(units.define("m", "meter"), Ok(()));
    }
}
