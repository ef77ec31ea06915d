//! Expressions of recorded variables: `+ - * /`, parentheses, numbers and names.

use crate::monitor::{Combined, Fill, MonitorError, Recordings};

/// A variable, or what an expression makes of the variables of a compartment, sample by sample and
/// cell by cell; pauses are NaN.
pub(super) fn evaluate(
    recordings: &Recordings,
    chunk: usize,
    compartment: &str,
    expression: &str,
) -> Result<Combined, MonitorError> {
    let recorded =
        |name: &str| recordings.combine_periods(&format!("{compartment};{name}"), chunk, Fill::Nan);
    if !expression.contains(['+', '-', '*', '/', '(']) {
        return recorded(expression.trim());
    }
    let mut parser = Parser { whole: expression, rest: expression, recorded: &recorded };
    let value = parser.sum()?;
    match (value, parser.rest.trim_start()) {
        (Value::Recorded(combined), "") => Ok(combined),
        (Value::Number(_), "") => Err(parser.error("it names no recorded variable")),
        (_, rest) => Err(parser.error(&format!("cannot read on at \"{rest}\""))),
    }
}

enum Value {
    Number(f64),
    Recorded(Combined),
}

struct Parser<'e> {
    whole: &'e str,
    rest: &'e str,
    recorded: &'e dyn Fn(&str) -> Result<Combined, MonitorError>,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<Value, MonitorError> {
        let mut value = self.product()?;
        while let Some(sign) = self.take(&['+', '-']) {
            let right = self.product()?;
            value = self.apply(value, right, |a, b| if sign == '+' { a + b } else { a - b })?;
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<Value, MonitorError> {
        let mut value = self.factor()?;
        while let Some(sign) = self.take(&['*', '/']) {
            let right = self.factor()?;
            value = self.apply(value, right, |a, b| if sign == '*' { a * b } else { a / b })?;
        }
        Ok(value)
    }

    fn factor(&mut self) -> Result<Value, MonitorError> {
        if self.take(&['-']).is_some() {
            let value = self.factor()?;
            return self.apply(Value::Number(-1.0), value, |a, b| a * b);
        }
        if self.take(&['(']).is_some() {
            let value = self.sum()?;
            return match self.take(&[')']) {
                Some(_) => Ok(value),
                None => Err(self.error("a parenthesis is not closed")),
            };
        }
        let rest = self.rest.trim_start();
        let is_end = |c: char| !(c.is_alphanumeric() || c == '_' || c == '.');
        let (word, after) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
        if word.is_empty() {
            return Err(self.error("a number or variable is missing"));
        }
        self.rest = after;
        if word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let number = word.parse().map(Value::Number);
            return number.map_err(|_| self.error(&format!("'{word}' is no number")));
        }
        (self.recorded)(word).map(Value::Recorded)
    }

    /// Takes one of these characters, if it comes next.
    fn take(&mut self, signs: &[char]) -> Option<char> {
        let rest = self.rest.trim_start();
        let sign = rest.chars().next().filter(|c| signs.contains(c))?;
        self.rest = &rest[sign.len_utf8()..];
        Some(sign)
    }

    fn apply(
        &self,
        left: Value,
        right: Value,
        of: impl Fn(f64, f64) -> f64,
    ) -> Result<Value, MonitorError> {
        Ok(match (left, right) {
            (Value::Number(a), Value::Number(b)) => Value::Number(of(a, b)),
            (Value::Recorded(mut a), Value::Number(b)) => {
                a.values.mapv_inplace(|a| of(a, b));
                Value::Recorded(a)
            }
            (Value::Number(a), Value::Recorded(mut b)) => {
                b.values.mapv_inplace(|b| of(a, b));
                Value::Recorded(b)
            }
            (Value::Recorded(mut a), Value::Recorded(b)) => {
                if a.values.dim() != b.values.dim() {
                    return Err(self.error("its variables were recorded of different cells"));
                }
                a.values.zip_mut_with(&b.values, |a, &b| *a = of(*a, b));
                Value::Recorded(a)
            }
        })
    }

    fn error(&self, problem: &str) -> MonitorError {
        let (expression, problem) = (self.whole.to_owned(), problem.to_owned());
        MonitorError::Expression { expression, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::RecordedPart;
    use ndarray::array;

    fn value(expression: &str) -> Result<Vec<f64>, String> {
        let part = RecordedPart {
            compartment: "E".to_owned(),
            interval_steps: 1,
            periods: vec![(0, 2)],
            arrays: vec![
                ("v".to_owned(), "mV".to_owned(), array![[-60.0], [-50.0]]),
                ("hh.m".to_owned(), String::new(), array![[0.5], [0.25]]),
            ],
            ..RecordedPart::default()
        };
        let recordings = Recordings::from_parts(0.1, vec![part]).unwrap();
        evaluate(&recordings, 0, "E", expression)
            .map(|found| found.values.into_raw_vec_and_offset().0)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn products_come_before_sums() {
        assert_eq!(value("v"), Ok(vec![-60.0, -50.0]));
        assert_eq!(value("v + 2 * hh.m"), Ok(vec![-59.0, -49.5]));
        assert_eq!(value("-(v + 80) / 2 - 1"), Ok(vec![-11.0, -16.0]));
        assert_eq!(value("hh.m*hh.m*(v-30)"), Ok(vec![-22.5, -5.0]));
        assert_eq!(value("1 / hh.m"), Ok(vec![2.0, 4.0]));
        assert_eq!(value("10 - 4 - v"), Ok(vec![66.0, 56.0]));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for (expression, part) in [
            ("v +", "is missing"),
            ("(v", "not closed"),
            ("2 * 3", "no recorded variable"),
            ("v * 1.2.3", "no number"),
            ("v + u", "\"E;u\"; recorded are: E;v, E;hh.m"),
            ("v) + 1", "cannot read on"),
        ] {
            let error = value(expression).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
