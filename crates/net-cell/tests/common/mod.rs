//! Access to the reference data, where it is present.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use net_cell::morphology::{SectionKind, SegmentedMorphology, SegmentedSection, Segments};

/// Folder of data made with other simulators: `$NET_SHARED`, or `shared` beside the checkout.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("NET_SHARED").map_or(beside, PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: no reference data at {}", path.display());
    None
}

/// Values of a one-dimensional dataset.
pub(crate) fn vector<T: hdf5::H5Type>(group: &hdf5::Group, name: &str) -> Vec<T> {
    group.dataset(name).and_then(|d| d.read_raw()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Rows of a two-dimensional dataset.
pub(crate) fn matrix(group: &hdf5::Group, name: &str) -> Vec<Vec<f64>> {
    let data = group.dataset(name).unwrap();
    let n_columns = data.shape()[1];
    data.read_raw::<f64>().unwrap().chunks(n_columns).map(<[f64]>::to_vec).collect()
}

/// A text attribute.
pub(crate) fn text(location: &hdf5::Location, name: &str) -> String {
    let attribute = location.attr(name).unwrap();
    attribute.read_scalar::<hdf5::types::VarLenUnicode>().unwrap().to_string()
}

/// The tables that describe a discretized cell.
pub(crate) fn morphology(group: &hdf5::Group) -> SegmentedMorphology {
    let sections = group.group("sections").unwrap();
    let segments = group.group("segments").unwrap();
    let names: Vec<hdf5::types::VarLenUnicode> = vector(&sections, "name");
    let parent: Vec<i32> = vector(&sections, "parent");
    let parent_x: Vec<f64> = vector(&sections, "parent_x");
    let length: Vec<f64> = vector(&sections, "L");
    let n_segments: Vec<i32> = vector(&sections, "nseg");
    let ra: Vec<f64> = vector(&sections, "Ra");
    let ri_end: Vec<f64> = vector(&sections, "ri_end");
    let cm: Vec<f64> = vector(&segments, "cm");
    let ends = |at: usize| -> Vec<[f64; 3]> {
        let [x, y, z] = ["x", "y", "z"].map(|axis| matrix(&segments, axis));
        (0..x.len()).map(|i| [x[i][at], y[i][at], z[i][at]]).collect()
    };
    let mut first_segment = 0;
    let sections = (0..names.len()).map(|i| {
        let first = first_segment;
        first_segment += n_segments[i] as usize;
        let name = names[i].as_str().to_string();
        let kind = [
            ("soma", SectionKind::Soma),
            ("axon", SectionKind::Axon),
            ("dend", SectionKind::Basal),
            ("apic", SectionKind::Apical),
        ];
        let kind = kind.iter().find(|(part, _)| name.contains(part));
        SegmentedSection {
            kind: kind.map_or(SectionKind::Other, |(_, kind)| *kind),
            name,
            parent: (parent[i] >= 0).then_some((parent[i] as usize, parent_x[i])),
            length_um: length[i],
            n_segments: n_segments[i] as usize,
            first_segment: first,
            ra_ohm_cm: ra[i],
            cm_uf_cm2: cm[first],
            ri_end_mohm: ri_end[i],
        }
    });
    SegmentedMorphology {
        sections: sections.collect(),
        segments: Segments {
            section: vector::<i32>(&segments, "section").into_iter().map(|s| s as u32).collect(),
            x: vector(&segments, "seg_x"),
            area_um2: vector(&segments, "area"),
            ri_mohm: vector(&segments, "ri"),
            diam_um: vector(&segments, "diam"),
            length_um: vector(&segments, "length"),
            start_um: ends(0),
            end_um: ends(1),
            ..Segments::default()
        },
    }
}
