//! One run: builder, epoch loop, progress, reports and pictures.

pub mod plot;
