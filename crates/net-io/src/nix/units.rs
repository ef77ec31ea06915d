//! Units as Neo writes them.

/// Symbols that the library under Neo knows, of those that results have.
const SYMBOLS: [&str; 42] = [
    "V", "mV", "uV", "nV", "A", "mA", "uA", "nA", "pA", "S", "mS", "uS", "nS", "pS", "s", "ms",
    "us", "ns", "m", "cm", "mm", "um", "nm", "F", "uF", "nF", "pF", "ohm", "kohm", "Mohm", "Hz",
    "kHz", "C", "K", "degC", "mol", "M", "mM", "uM", "T", "W", "rad",
];

/// `S/cm2` as `S/cm**2`; none if it is not known.
pub(crate) fn neo_units(written: &str) -> Option<String> {
    let written = written.trim().replace('µ', "u");
    if matches!(written.as_str(), "" | "1" | "dimensionless") {
        return Some("dimensionless".to_owned());
    }
    let mut units = String::new();
    for (index, quotient) in written.split('/').enumerate() {
        if index > 0 {
            units.push('/');
        }
        for (index, factor) in quotient.split([' ', '*', '-']).enumerate() {
            if index > 0 {
                units.push('*');
            }
            units.push_str(&neo_factor(factor)?);
        }
    }
    Some(units)
}

/// A symbol with an exponent: `cm2`, `cm^2`, or 1 above a slash.
fn neo_factor(factor: &str) -> Option<String> {
    if factor == "1" {
        return Some(factor.to_owned());
    }
    let (symbol, exponent) =
        factor.split_at(factor.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    let symbol = symbol.trim_end_matches('^');
    let symbol = if symbol == "Ohm" { "ohm" } else { symbol };
    if !SYMBOLS.contains(&symbol) {
        return None;
    }
    Some(if exponent.is_empty() { symbol.to_owned() } else { format!("{symbol}**{exponent}") })
}

#[cfg(test)]
mod tests {
    use super::neo_units;

    #[test]
    fn units_of_neuron_are_units_of_neo() {
        for (written, expected) in [
            ("mV", Some("mV")),
            ("S/cm2", Some("S/cm**2")),
            ("mA/cm^2", Some("mA/cm**2")),
            ("Ohm cm", Some("ohm*cm")),
            ("nA um", Some("nA*um")),
            ("1/ms", Some("1/ms")),
            ("µm", Some("um")),
            ("1", Some("dimensionless")),
            ("", Some("dimensionless")),
            ("furlong", None),
        ] {
            assert_eq!(neo_units(written).as_deref(), expected, "{written}");
        }
    }
}
