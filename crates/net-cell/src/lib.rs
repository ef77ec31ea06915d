//! What a cell is and how it advances.
//!
//! Units throughout: ms, mV, nA, uS, um, uF/cm2, S/cm2, mA/cm2, Ohm cm, MOhm.

pub mod morphology;
