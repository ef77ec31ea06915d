//! Contacts from small tables that users write.

use std::path::Path;

use serde::Deserialize;

use super::{Contacts, Layout};
use crate::error::{LfpError, Result};
use crate::vector::Point;

const POSITION: [&str; 3] = ["x_um", "y_um", "z_um"];
const NORMAL: [&str; 3] = ["nx", "ny", "nz"];

pub(super) fn read(path: &Path) -> Result<Contacts> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| LfpError::Read { path: path.to_owned(), source })?;
    // Spreadsheets mark the encoding of what they write.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    if is_csv { from_csv(path, text) } else { from_json(path, text) }
}

#[derive(Deserialize)]
struct Row {
    x_um: f64,
    y_um: f64,
    z_um: f64,
    nx: Option<f64>,
    ny: Option<f64>,
    nz: Option<f64>,
}

fn from_json(path: &Path, text: &str) -> Result<Contacts> {
    let bad = |source| LfpError::Json { path: path.to_owned(), source };
    // A list is a table, an object a layout: decided here so that messages are about one of them.
    if !text.trim_start().starts_with('[') {
        let layout: Layout = serde_json::from_str(text).map_err(bad)?;
        return layout.contacts().map_err(of_file(path));
    }
    let rows: Vec<Row> = serde_json::from_str(text).map_err(bad)?;
    let positions = rows.iter().map(|row| [row.x_um, row.y_um, row.z_um]).collect();
    let contacts = Contacts::new(positions).map_err(of_file(path))?;
    if !rows.iter().any(|row| row.nx.or(row.ny).or(row.nz).is_some()) {
        return Ok(contacts);
    }
    let normal = |(contact, row): (usize, &Row)| match (row.nx, row.ny, row.nz) {
        (Some(nx), Some(ny), Some(nz)) => Ok([nx, ny, nz]),
        _ => Err(LfpError::PartialNormal { path: path.to_owned(), contact }),
    };
    let normals = rows.iter().enumerate().map(normal).collect::<Result<_>>()?;
    contacts.with_normals(normals).map_err(of_file(path))
}

fn from_csv(path: &Path, text: &str) -> Result<Contacts> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let header: Vec<&str> =
        lines.next().map_or(Vec::new(), |(_, line)| line.split(',').map(str::trim).collect());
    let columns_of = |names: [&'static str; 3]| -> Result<[usize; 3]> {
        let mut columns = [0; 3];
        for (column, name) in columns.iter_mut().zip(&names) {
            let mut found = header.iter().enumerate().filter(|(_, found)| *found == name);
            (*column, _) = found.next().ok_or_else(|| LfpError::MissingColumn {
                path: path.to_owned(),
                column: name,
                found: header.join(", "),
            })?;
            if found.next().is_some() {
                return Err(LfpError::ColumnTwice {
                    path: path.to_owned(),
                    column: name,
                    found: header.join(", "),
                });
            }
        }
        Ok(columns)
    };
    let position = columns_of(POSITION)?;
    let has_normals = NORMAL.iter().any(|name| header.contains(name));
    let normal = if has_normals { Some(columns_of(NORMAL)?) } else { None };

    let (mut positions, mut normals) = (Vec::new(), Vec::new());
    for (line, text) in lines {
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        if fields.len() != header.len() {
            return Err(LfpError::FieldCount {
                path: path.to_owned(),
                line,
                found: fields.len(),
                expected: header.len(),
            });
        }
        let numbers = |columns: [usize; 3]| -> Result<Point> {
            let mut numbers = [0.0; 3];
            for (number, column) in numbers.iter_mut().zip(columns) {
                let parsed = fields[column].parse().ok().filter(|number: &f64| number.is_finite());
                *number = parsed.ok_or_else(|| LfpError::NotANumber {
                    path: path.to_owned(),
                    line,
                    column: header[column].to_owned(),
                    found: fields[column].to_owned(),
                })?;
            }
            Ok(numbers)
        };
        positions.push(numbers(position)?);
        if let Some(columns) = normal {
            normals.push(numbers(columns)?);
        }
    }
    let contacts = Contacts::new(positions).map_err(of_file(path))?;
    match has_normals {
        true => contacts.with_normals(normals).map_err(of_file(path)),
        false => Ok(contacts),
    }
}

/// What is wrong with the contacts of a file.
fn of_file(path: &Path) -> impl FnOnce(LfpError) -> LfpError {
    move |source| LfpError::ContactsOf { path: path.to_owned(), source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Result<Contacts> {
        from_csv(Path::new("contacts.csv"), text)
    }

    fn json(text: &str) -> Result<Contacts> {
        from_json(Path::new("contacts.json"), text)
    }

    #[test]
    fn tables_are_read() {
        let plain = csv("# made by hand\nz_um, x_um,y_um ,name\n3,1,2,a\n\n-6,-4,5e0,b\n").unwrap();
        assert_eq!(plain.positions_um(), [[1.0, 2.0, 3.0], [-4.0, 5.0, -6.0]]);
        assert!(plain.normals().is_none());
        let facing = csv("x_um,y_um,z_um,nx,ny,nz\r\n1,2,3,0,0,2\r\n").unwrap();
        assert_eq!(facing.normals().unwrap(), [[0.0, 0.0, 1.0]]);
        let list = json(r#" [{"x_um": 1, "y_um": 2, "z_um": 3, "nx": 0, "ny": 0, "nz": 2}]"#);
        assert_eq!(list.unwrap(), facing);
        let layout = json(r#"{"tetrode": {"center_um": [0, 0, 0], "spacing_um": 25}}"#);
        assert_eq!(layout.unwrap().len(), 4);
    }

    /// Marks of the encoding are no part of the first column's name.
    #[test]
    fn byte_order_marks_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("contacts.csv", "\u{feff}x_um,y_um,z_um\n1,2,3\n"),
            ("contacts.json", "\u{feff}[{\"x_um\": 1, \"y_um\": 2, \"z_um\": 3}]"),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            assert_eq!(Contacts::read(&path).unwrap().positions_um(), [[1.0, 2.0, 3.0]], "{name}");
        }
    }

    #[test]
    fn errors_name_line_and_column() {
        let message = |result: Result<Contacts>| result.unwrap_err().to_string();
        let missing = message(csv("x_um,y_um\n1,2\n"));
        assert!(missing.contains("contacts.csv") && missing.contains("`z_um`"), "{missing}");
        let partial = message(csv("x_um,y_um,z_um,nx\n1,2,3,1\n"));
        assert!(partial.contains("`ny`"), "{partial}");
        let text = message(csv("x_um,y_um,z_um\n1,2,3\n1,two,3\n"));
        assert!(text.contains("line 3") && text.contains("y_um") && text.contains("two"), "{text}");
        let short = message(csv("x_um,y_um,z_um\n1,2\n"));
        assert!(short.contains("line 2"), "{short}");
        let none = message(csv("x_um,y_um,z_um\n"));
        assert_eq!(none, format!("contacts.csv: {}", LfpError::NoContacts));
        assert!(message(json("[]")).starts_with("contacts.json: "));
        let flat = message(csv("x_um,y_um,z_um,nx,ny,nz\n1,2,3,0,0,0\n"));
        assert!(flat.starts_with("contacts.csv: "), "{flat}");
        for endless in ["nan", "inf", "-infinity", "1e999"] {
            let text = message(csv(&format!("x_um,y_um,z_um\n1,2,3\n1,{endless},3\n")));
            let place = format!("contacts.csv: line 3, column `y_um`: found `{endless}`");
            assert!(text.contains(&place), "{text}");
        }
        let normal = message(csv("x_um,y_um,z_um,nx,ny,nz\n1,2,3,0,0,nan\n"));
        assert!(normal.contains("line 2, column `nz`"), "{normal}");
        let twice = message(csv("x_um,y_um,z_um,x_um\n1,2,3,4\n"));
        assert!(twice.contains("contacts.csv") && twice.contains("`x_um`"), "{twice}");
        let endless = message(json("[{\"x_um\": 1, \"y_um\": 2,\n\"z_um\": 1e999}]"));
        assert!(endless.contains("contacts.json") && endless.contains("line 2"), "{endless}");
        let missing = message(json(r#"[{"x_um": 1, "y_um": 2}]"#));
        assert!(missing.contains("z_um"), "{missing}");
        let partial = json(r#"[{"x_um": 1, "y_um": 2, "z_um": 3, "nx": 1}]"#);
        assert!(matches!(partial, Err(LfpError::PartialNormal { contact: 0, .. })));
        for layout in [
            r#"{"linear": {"n_contacts": 99999999999999, "spacing_um": 1, "first_um": [0, 0, 0]}}"#,
            r#"{"square_mea": {"n_contacts": [4294967296, 4294967297], "pitch_um": 1, "center_um": [0, 0, 0]}}"#,
        ] {
            let Err(LfpError::ContactsOf { source, .. }) = json(layout) else { panic!("{layout}") };
            assert!(matches!(*source, LfpError::TooManyContacts { .. }), "{layout}");
        }
        let absent = Contacts::read(Path::new("no/such.csv"));
        assert!(matches!(absent, Err(LfpError::Read { .. })));
    }
}
