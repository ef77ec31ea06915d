//! Parameters of cells that get other values while a run stands between two steps.

use std::collections::HashMap;
use std::sync::Arc;

use net_cell::{CellError, CellGroup, CellTemplate, ParameterChange, Region, mechanism};
use net_core::Gid;
use serde::{Deserialize, Serialize};

use super::{Model, Targets};
use crate::error::{Error, Result};

/// A parameter of a mechanism, and its value on some segments of some cable cells or artificial cells.
///
/// ```
/// use net_cell::{Region, morphology::SectionKind};
/// use net_sim::{CellParameter, Targets};
///
/// // Sodium channels in axons and somata are blocked by half.
/// let blocked = CellParameter {
///     region: Region::Kinds(vec![SectionKind::Soma, SectionKind::Axon]),
///     ..CellParameter::new(Targets::Population("E".into()), "hh.gnabar", 0.06)
/// };
/// assert_eq!((&*blocked.mechanism, &*blocked.parameter), ("hh", "gnabar"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellParameter {
    /// The cells.
    pub targets: Targets,
    /// Their segments, by the morphology of each cell.
    pub region: Region,
    /// Name of the mechanism.
    pub mechanism: String,
    /// Name of the parameter.
    pub parameter: String,
    /// The value, in the parameter's unit.
    pub value: f64,
}

impl CellParameter {
    /// Of all segments; `name` is `mechanism.parameter`. A name without a point is a parameter of
    /// nothing, which is refused when it is set.
    pub fn new(targets: Targets, name: &str, value: f64) -> Self {
        let (mechanism, parameter) = name.split_once('.').unwrap_or(("", name));
        let (mechanism, parameter) = (mechanism.to_owned(), parameter.to_owned());
        CellParameter { targets, region: Region::All, mechanism, parameter, value }
    }

    /// What is set, for messages.
    fn user(&self) -> String {
        format!("parameter '{}.{}'", self.mechanism, self.parameter)
    }

    /// Checks what does not depend on the cells.
    pub(crate) fn validate(&self, model: &Model) -> Result<()> {
        self.targets.validate(&model.network, &model.groups, || self.user())?;
        let (_, found) = mechanism::find(&self.mechanism).map_err(|e| self.error(e))?;
        found.parameter(&self.parameter, self.value).map_err(|e| self.error(e))?;
        Ok(())
    }

    /// Sets it in groups of cells; returns the number of instances that have it now.
    pub(crate) fn set<'g>(
        &self,
        model: &Model,
        groups: impl IntoIterator<Item = &'g mut CellGroup>,
    ) -> Result<u64> {
        let gids = model.gids_of(&self.targets)?;
        let change = ParameterChange {
            mechanism: &self.mechanism,
            parameter: &self.parameter,
            value: self.value,
        };
        let mut n_set = 0;
        for group in groups {
            let own = group.cable_gids().into_iter().filter(|&gid| gids.contains(gid));
            let regions = self.segments_of(model, own)?;
            let is_chosen = |gid: Gid, segment: usize| match regions.get(&gid) {
                Some(Some(segments)) => segments.contains(&(segment as u32)),
                Some(None) => true,
                None => false,
            };
            n_set += group.change_parameter(change, is_chosen).map_err(|e| self.error(e))?;
        }
        Ok(n_set)
    }

    /// The segments of each of these cells; none stands for all.
    fn segments_of(
        &self,
        model: &Model,
        gids: impl Iterator<Item = Gid>,
    ) -> Result<HashMap<Gid, Option<Arc<[u32]>>>> {
        if self.region == Region::All {
            return Ok(gids.map(|gid| (gid, None)).collect());
        }
        // Cells of a template follow each other.
        let mut last: Option<(Arc<CellTemplate>, Arc<[u32]>)> = None;
        let segments = |gid: Gid| {
            let template = crate::build::template(model, gid)?;
            if let Some((of, segments)) = &last
                && Arc::ptr_eq(of, &template)
            {
                return Ok((gid, Some(Arc::clone(segments))));
            }
            let segments = template.segments_of(&self.region).map_err(|e| self.error(e))?;
            let segments: Arc<[u32]> = segments.into();
            last = Some((template, Arc::clone(&segments)));
            Ok((gid, Some(segments)))
        };
        gids.map(segments).collect()
    }

    fn error(&self, source: CellError) -> Error {
        Error::CellParameter { targets: format!("{:?}", self.targets), source: Box::new(source) }
    }

    /// There is nothing that has the parameter.
    pub(crate) fn of_nothing(&self) -> Error {
        Error::NothingHasParameter {
            mechanism: self.mechanism.clone(),
            parameter: self.parameter.clone(),
            targets: format!("{:?}", self.targets),
            region: format!("{:?}", self.region),
        }
    }
}
