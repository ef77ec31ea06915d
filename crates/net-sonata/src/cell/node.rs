//! The cells of nodes: which files a node names, and what they give.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use net_cell::morphology::Morphology;

use super::allen::{Processing, read_allen_json, read_nml};
use super::astrocyte::{Endfoot, astrocyte};
use super::cable::CableCell;
use super::drawn::read_morphology;
use super::error::{CellModelError, Result};
use super::hoc::read_hoc;
use super::json::read_recipe;
use super::recipe::{ArtificialCell, CellModel, CellRecipe};
use crate::config::NodeKind;
use crate::nodes::NodePopulation;
use crate::{Json, Value};

/// Dynamics parameters of nodes that cell models use.
const ATTRIBUTES: [&str; 2] = ["AIS_scaler", "soma_scaler"];

/// What the cell of a node is made from. Nodes for which it is equal have equal cells.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellSource {
    /// `model_template`: `hoc:Name`, `json:Name`, `nml:file`, `ctdb:Biophys1.hoc`, `nrn:IntFire1`.
    pub template: String,
    /// File of the cell model, where the template names one.
    pub model: Option<PathBuf>,
    /// File of the morphology.
    pub morphology: Option<PathBuf>,
    /// File of parameters (Allen).
    pub parameters: Option<PathBuf>,
    /// `model_processing` (Allen).
    pub processing: String,
    /// Bits of dynamics parameters that the cell model may use, by name.
    attributes: Vec<(&'static str, u64)>,
    /// Endfeet of an astrocyte; `None` for other cells.
    pub endfeet: Option<Vec<Endfoot>>,
}

/// The cell of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A cell with a morphology.
    Cable(Box<CableCell>),
    /// A cell without.
    Artificial(ArtificialCell),
}

impl NodePopulation {
    /// What the cells of some nodes are made from; `None` for nodes that are no cells. Endfeet of
    /// astrocytes, which are edges ([`Circuit::endfeet`](crate::Circuit::endfeet)), are not among it.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File)
    pub fn cell_sources(&self, nodes: &Range<u64>) -> crate::Result<Vec<Option<CellSource>>> {
        let range = std::slice::from_ref(nodes);
        let text = |attribute: &str| -> crate::Result<Vec<Option<String>>> {
            let values = self.values(attribute, range)?.into_iter();
            let text =
                |value| if let Value::Text(text) = value { Some(text.to_string()) } else { None };
            Ok(values.map(text).collect())
        };
        let (templates, morphologies) = (text("model_template")?, text("morphology")?);
        let (parameters, processing) = (text("dynamics_params")?, text("model_processing")?);
        let mut attributes = Vec::new();
        for name in ATTRIBUTES {
            let attribute = format!("dynamics_params/{name}");
            if self.has_attribute(&attribute) {
                attributes.push((name, self.numbers(&attribute, range)?));
            }
        }
        let components = self.components();
        let mut sources = Vec::with_capacity(templates.len());
        for (at, kind) in self.node_kinds(range)?.into_iter().enumerate() {
            if matches!(kind, NodeKind::Virtual | NodeKind::Vasculature) {
                sources.push(None);
                continue;
            }
            let place = match kind {
                NodeKind::Biophysical => &components.biophysical_neuron_models_dir,
                _ => &components.point_neuron_models_dir,
            };
            let template = templates[at].clone().unwrap_or_default();
            sources.push(Some(CellSource {
                model: self.template_file(kind, &template),
                morphology: morphologies[at]
                    .as_ref()
                    .and_then(|name| components.morphology_file(name, kind)),
                parameters: parameters[at]
                    .as_ref()
                    .and_then(|name| Some(place.as_ref()?.join(name))),
                processing: processing[at].clone().unwrap_or_default(),
                attributes: attributes.iter().map(|(n, v)| (*n, v[at].to_bits())).collect(),
                endfeet: (kind == NodeKind::Astrocyte).then(Vec::new),
                template,
            }));
        }
        Ok(sources)
    }

    /// The file of a cell model, where there is one: `hoc:Name`, `json:Name`, `nml:file`; `ctdb:file`
    /// has its parameters elsewhere, `nrn:Name` is built in.
    pub(crate) fn template_file(&self, kind: NodeKind, template: &str) -> Option<PathBuf> {
        let components = self.components();
        let biophysical = &components.biophysical_neuron_models_dir;
        let models = match kind {
            NodeKind::Biophysical => biophysical,
            _ if components.point_neuron_models_dir.is_some() => {
                &components.point_neuron_models_dir
            }
            _ => biophysical,
        };
        let models = models.as_ref()?;
        let (directive, name) = template.split_once(':')?;
        match directive {
            "hoc" | "json" if Path::new(name).extension().is_some_and(|e| e == directive) => {
                Some(models.join(name))
            }
            "hoc" | "json" => Some(models.join(format!("{name}.{directive}"))),
            "nml" => Some(models.join(name)),
            _ => None,
        }
    }
}

impl CellSource {
    /// Reads the files and makes the cell. `longest_um` is the longest segment of Allen's models
    /// (`run.dL`).
    ///
    /// # Errors
    /// [`CellModelError`]
    pub fn build(&self, longest_um: f64) -> Result<Cell> {
        if let Some(endfeet) = &self.endfeet {
            let (path, morphology) = self.morphology()?;
            return astrocyte(path, morphology, endfeet).map(|cell| Cell::Cable(Box::new(cell)));
        }
        let directive = self.template.split(':').next().unwrap_or_default();
        let recipe = match (directive, &self.model, &self.parameters) {
            ("hoc", Some(path), _) => match read_hoc(path)? {
                CellModel::Cable(recipe) => recipe,
                CellModel::Artificial(cell) => return Ok(Cell::Artificial(cell)),
            },
            ("json", Some(path), _) => match read_recipe(path)? {
                CellModel::Cable(recipe) => recipe,
                CellModel::Artificial(cell) => return Ok(Cell::Artificial(cell)),
            },
            ("nml", Some(path), _) => read_nml(path, longest_um)?,
            ("ctdb", _, Some(path)) => {
                let processing = Processing::from_name(&self.processing).ok_or_else(|| {
                    let expected = "aibs_perisomatic, aibs_allactive, their variants _directed, \
                                    extracellular, or none";
                    self.unfit("model_processing", &self.processing, expected)
                })?;
                read_allen_json(path, processing, longest_um)?
            }
            ("nrn", _, _) => return self.artificial().map(Cell::Artificial),
            _ => {
                let expected = "hoc:, json: or nml: with a directory of cell models, ctdb: with \
                                dynamics_params, or nrn:";
                return Err(self.unfit("model_template", &self.template, expected));
            }
        };
        self.apply(&recipe).map(|cell| Cell::Cable(Box::new(cell)))
    }

    fn apply(&self, recipe: &CellRecipe) -> Result<CableCell> {
        let file = self.model.as_ref().or(self.parameters.as_ref());
        let path = file.cloned().unwrap_or_default();
        let number = |(name, bits): &(&str, u64)| ((*name).to_owned(), f64::from_bits(*bits));
        let attributes: BTreeMap<String, f64> = self.attributes.iter().map(number).collect();
        recipe.apply(&path, self.morphology()?.1, &attributes)
    }

    /// The morphology and its file.
    fn morphology(&self) -> Result<(&Path, Morphology)> {
        let Some(path) = &self.morphology else {
            return Err(self.unfit("morphology", "none", "the name of a morphology"));
        };
        Ok((path, read_morphology(path)?))
    }

    /// `nrn:IntFire1` with a parameter file in seconds.
    fn artificial(&self) -> Result<ArtificialCell> {
        let mechanism = self.template.split_once(':').map_or("", |(_, name)| name).to_owned();
        let mut cell = ArtificialCell { mechanism, parameters: Vec::new() };
        let Some(path) = &self.parameters else { return Ok(cell) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| CellModelError::Read { path: path.clone(), source })?;
        let found = |at: &str, found: String, expected: &str| CellModelError::Found {
            path: path.clone(),
            at: at.to_owned(),
            found,
            expected: expected.to_owned(),
        };
        let json: Json = serde_json::from_str(&text)
            .map_err(|error| found("the file", error.to_string(), "JSON"))?;
        for key in ["tau", "refrac"] {
            if let Some(value) = json.key(key) {
                let seconds =
                    value.as_f64().ok_or_else(|| found(key, value.describe(), "a number of s"))?;
                cell.parameters.push((key.to_owned(), seconds * 1000.0));
            }
        }
        Ok(cell)
    }

    fn unfit(&self, at: &str, found: &str, expected: &str) -> CellModelError {
        let file = self.model.as_ref().or(self.parameters.as_ref()).or(self.morphology.as_ref());
        CellModelError::Found {
            path: file.cloned().unwrap_or_default(),
            at: at.to_owned(),
            found: format!("`{found}`"),
            expected: expected.to_owned(),
        }
    }
}
