//! Probes: what electrodes, sensors and volumes measure of the transmembrane currents of cells.
//!
//! A [`Probe`] turns the [`Geometry`] of a cell's segments into a matrix: rows are measurements,
//! columns segments, and the signal of currents in nA is the matrix times the currents. Electrodes
//! ([`RecExtElectrode`], [`RecMeaElectrode`], ...) have [`Contacts`], from a list, a [`Layout`] or a
//! file; EEG and MEG are a [`DipoleField`]: the dipoles of a network in a [`DipoleModel`] of a head.
//!
//! While a network runs, a [`CurrentSampler`] collects the currents of a block of cells side by side,
//! a [`LaneMatrix`] multiplies them with the matrices of these cells, and [`ExactSums`] add up all
//! cells' contributions as integers, so that the signal has the same bits whatever thread or rank a
//! cell is on. There is one `ExactSums` for each group of cells (a population, a single cell) and
//! each type of current that is to be told apart; disjoint groups merge exactly into their total.
//!
//! Rows of dense contacts follow from others: a [`MatrixSketch`] of all cells' matrices tells which rows
//! are enough, and the [`Skeleton`] gives the others' sums.
//!
//! Fields act on cells, too: an [`ElectricField`], of a [`StimulatingElectrode`] for example, and a
//! [`TimeCourse`] are a potential outside of them.
//!
//! The crate knows no format of results and no ranks; the tables of contacts that users write are
//! all it reads. Units: um, nA, S/m, and mV for potentials.
//!
//! ```
//! use ndarray::Array2;
//! use net_kernel::simd::F8;
//! use net_lfp::*;
//!
//! // What is measured.
//! let laminar = Layout::Linear {
//!     n_contacts: 8, spacing_um: 100.0, first_um: [50.0, 0.0, 0.0], direction: [0.0, 0.0, 1.0],
//! };
//! let electrode = RecExtElectrode {
//!     contacts: laminar.contacts()?,
//!     conductivity: Conductivity::Isotropic(0.3),
//!     source: SourceModel::root_as_point(),
//! };
//! electrode.validate()?;
//!
//! // A cell of two segments; its compartments stand in the order of its segments.
//! let start = [[0.0, 0.0, -10.0], [0.0, 0.0, 10.0]];
//! let end = [[0.0, 0.0, 10.0], [0.0, 0.0, 410.0]];
//! let geometry = Geometry::new(&start, &end, &[20.0, 2.0])?;
//! let mut matrix = Array2::zeros((electrode.n_rows(), geometry.n_segments()));
//! let n_raised = electrode.fill(&geometry, matrix.view_mut())?;
//! assert_eq!(n_raised, 0); // no contact is inside a segment
//! let mut matrices = LaneMatrix::new(electrode.n_rows(), 0..2, &[2]);
//! matrices.set_cell(0, matrix.view(), &[0, 1]);
//!
//! // The sums of its population, for the samples of an epoch.
//! let mut bounds = vec![0.0; electrode.n_rows()];
//! matrices.raise_bounds(&mut bounds);
//! let mut sums = ExactSums::new(&bounds, 5)?;
//! let mut sampler = CurrentSampler::new(0..u64::MAX, 4, Sampling::Average);
//! for step in 0..17 {
//!     sampler.push(step, &[F8::splat(-0.5), F8::splat(0.5)]);
//! }
//! let lanes = LaneMask::NONE.with(0);
//! let mut buffer = ProductBuffer::default();
//! let targets = &mut [SumTarget { lanes, sums: &mut sums }];
//! matrices.add_products(sampler.samples(), 2, 0, targets, &mut buffer)?;
//! let potential_mv = sums.to_f64(); // contacts x samples
//! let expected = 0.5 * (matrix[[0, 1]] - matrix[[0, 0]]);
//! assert!((potential_mv[0] - expected).abs() < 1e-15 * expected.abs());
//! # Ok::<(), LfpError>(())
//! ```

// `!(a < b)` is how bounds are checked here: it refuses NaN together with the wrong order.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod contacts;
mod csd;
mod dipole;
mod electrode;
mod error;
mod geometry;
mod head;
mod online;
mod potential;
mod probe;
mod skeleton;
mod slice;
mod sphere;
mod stimulation;
mod vector;

/// The arrays that probes take and give.
pub use ndarray;

pub use contacts::{ContactShape, Contacts, Layout};
pub use csd::{BoxFraction, LaminarCurrentSourceDensity, VolumetricCurrentSourceDensity};
pub use dipole::{CurrentDipoleMoment, DipoleField, DipoleModel, DipoleSource, HeadFrame};
pub use electrode::{LineSource, PointSource, RecExtElectrode, SourceModel};
pub use error::{LfpError, Result};
pub use geometry::Geometry;
pub use head::{
    FourSphereVolumeConductor, InfiniteHomogeneousVolCondMeg, InfiniteVolumeConductor,
    MagneticQuantity, NewYorkHead, NewYorkSite, SphericallySymmetricVolCondMeg,
};
pub use online::{
    Contribution, CurrentSampler, ExactSums, LaneMask, LaneMatrix, ProductBuffer, SAMPLES_AT_ONCE,
    Sampling, SumTarget, matrix_of_potentials,
};
pub use potential::Conductivity;
pub use probe::{Description, Probe, UserMatrices, UserMatrix};
pub use skeleton::{MatrixSketch, Skeleton};
pub use slice::RecMeaElectrode;
pub use sphere::OneSphereVolumeConductor;
pub use stimulation::{
    ElectricField, Interpolation, Medium, StimulatingElectrode, TimeCourse, UniformField, UserField,
};
