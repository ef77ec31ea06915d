//! The New York head's file, in small.

use std::path::Path;

use ndarray::{Array2, Array3};
use net_io::Error;
use net_io::nyhead::NewYorkHeadFile;

fn write(path: &Path, n_normals: usize, without: &str) {
    let file = hdf5::File::create(path).unwrap();
    let cortex = file.create_group("sa").and_then(|sa| sa.create_group("cortex75K")).unwrap();
    let number = |(i, j): (usize, usize)| 10.0 * i as f64 + j as f64;
    let lead_field = Array3::from_shape_fn((3, 5, 4), |(i, j, k)| (100 * i + 10 * j + k) as f32);
    let datasets = [
        ("vc", Array2::from_shape_fn((3, 5), number)),
        ("normals", Array2::from_shape_fn((3, n_normals), number)),
    ];
    for (name, data) in datasets.iter().filter(|(name, _)| *name != without) {
        cortex.new_dataset_builder().with_data(data).create(*name).unwrap();
    }
    if without != "V_fem" {
        cortex.new_dataset_builder().with_data(&lead_field).create("V_fem").unwrap();
    }
    let electrodes = Array2::from_shape_fn((6, 4), number);
    file.new_dataset_builder().with_data(&electrodes).create("sa/locs_3D").unwrap();
}

#[test]
fn pieces_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head.mat");
    write(&path, 5, "");
    let head = NewYorkHeadFile::open(&path).unwrap();
    assert_eq!(head.n_electrodes(), 4);
    assert_eq!(head.vertices_mm().unwrap()[3], [3.0, 13.0, 23.0]);
    assert_eq!(head.normals().unwrap().len(), 5);
    assert_eq!(head.electrodes_mm().unwrap()[1], [1.0, 11.0, 21.0]);
    let lead_field = head.lead_field(2).unwrap();
    assert_eq!(lead_field.dim(), (3, 4));
    assert_eq!(lead_field[[1, 3]], 123.0);
    assert!(matches!(head.lead_field(5), Err(Error::WrongType { .. })));
}

#[test]
fn other_layouts_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for missing in ["vc", "normals", "V_fem"] {
        let path = folder.path().join(format!("no_{missing}.mat"));
        write(&path, 5, missing);
        let error = NewYorkHeadFile::open(&path).unwrap_err();
        assert!(matches!(error, Error::MissingObject { .. }), "{error}");
        assert!(error.to_string().contains(missing), "{error}");
    }
    let path = folder.path().join("short.mat");
    write(&path, 4, "");
    let error = NewYorkHeadFile::open(&path).unwrap_err();
    assert!(
        error.to_string().contains("normals") && error.to_string().contains("3 x 5"),
        "{error}"
    );
    assert!(NewYorkHeadFile::open(&folder.path().join("absent.mat")).is_err());
}
