//! Ions: what mechanisms use of them, and what holds when nobody says otherwise.

/// A quantity of an ion, in the order of the columns that a block keeps for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IonVariable {
    /// Reversal potential, mV.
    Reversal,
    /// Current of all mechanisms, mA/cm2.
    Current,
    /// Concentration inside, mM.
    Inside,
    /// Concentration outside, mM.
    Outside,
}

impl IonVariable {
    /// All of them, in their order.
    pub(crate) const ALL: [IonVariable; 4] =
        [IonVariable::Reversal, IonVariable::Current, IonVariable::Inside, IonVariable::Outside];

    /// What it is, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            IonVariable::Reversal => "reversal potential",
            IonVariable::Current => "current",
            IonVariable::Inside => "concentration inside",
            IonVariable::Outside => "concentration outside",
        }
    }

    /// Its unit.
    pub fn unit(self) -> &'static str {
        match self {
            IonVariable::Reversal => "mV",
            IonVariable::Current => "mA/cm2",
            IonVariable::Inside | IonVariable::Outside => "mM",
        }
    }

    /// Whether it is a concentration.
    pub fn is_concentration(self) -> bool {
        matches!(self, IonVariable::Inside | IonVariable::Outside)
    }
}

/// An ion variable that a mechanism uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IonUse {
    /// Name of the ion, e.g. `na`.
    pub ion: &'static str,
    /// Which of its quantities.
    pub variable: IonVariable,
    /// Whether it is read.
    pub read: bool,
    /// Whether it is written; currents are added to.
    pub write: bool,
    /// Charge number, if the mechanism says.
    pub valence: Option<f64>,
}

/// Faraday's constant, C/mol (CODATA 2018, with the digits that NEURON uses).
pub(crate) const FARADAY: f64 = 96_485.332_123_310_01;
/// The gas constant, J/(K mol).
pub(crate) const GAS_CONSTANT: f64 = 8.314_462_618_153_24;

/// What holds for an ion unless a cell says otherwise; NEURON's values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct IonDefaults {
    /// Charge number.
    pub(crate) valence: f64,
    /// Reversal potential in mV.
    pub(crate) reversal_mv: f64,
    /// Concentration inside in mM.
    pub(crate) inside_mm: f64,
    /// Concentration outside in mM.
    pub(crate) outside_mm: f64,
}

impl IonDefaults {
    /// The values for an ion.
    pub(crate) fn of(ion: &str) -> Self {
        let values = |valence, reversal_mv, inside_mm, outside_mm| IonDefaults {
            valence,
            reversal_mv,
            inside_mm,
            outside_mm,
        };
        match ion {
            "na" => values(1.0, 50.0, 10.0, 140.0),
            "k" => values(1.0, -77.0, 54.4, 2.5),
            // 12.5 ln(2 / 5e-5)
            "ca" => values(2.0, 132.457_934_169_109_7, 5e-5, 2.0),
            _ => values(1.0, 0.0, 1.0, 1.0),
        }
    }
}
