TITLE Sodium channel of mouse hippocampal pyramidal cells

COMMENT
Carter, Giessel, Sabatini and Bean, Neuron 75 (2012) 1081, 37 degrees: four activation steps between closed
states C1...C5 and between inactivated states I1...I5, an opening step to O, inactivation of every state;
with a = alpha exp(v/x1), b = beta exp(v/x2), F = alfac, G = btfac

    C1 -4a- C2 -3a- C3 -2a- C4 -a- C5 -gamma- O        back: b, 2b, 3b, 4b, delta
    I1 -4aF- I2 -3aF- I3 -2aF- I4 -aF- I5 -gamma- I6   back: b/G, 2b/G, 3b/G, 4b/G, delta
    Ck to Ik: Con F^(k-1), back Coff/G^(k-1)           O to I6: Oon, back Ooff

per ms, times 2.3^((celsius - 37)/10); i = gbar O (v - ena). A run starts in the steady state.
As in the models of the Allen Cell Types Database, Gouwens et al., Nat. Commun. 9 (2018) 710.
ENDCOMMENT

NEURON {
    SUFFIX NaV
    USEION na READ ena WRITE ina
    RANGE g, gbar
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0.015 (S/cm2) <0, 1e9>
    Con = 0.01 (/ms) <0, 1e9>
    Coff = 40 (/ms) <0, 1e9>
    Oon = 8 (/ms) <0, 1e9>
    Ooff = 0.05 (/ms) <0, 1e9>
    alpha = 400 (/ms) <0, 1e9>
    beta = 12 (/ms) <0, 1e9>
    gamma = 250 (/ms) <0, 1e9>
    delta = 60 (/ms) <0, 1e9>
    alfac = 2.51 <1e-9, 1e9>
    btfac = 5.32 <1e-9, 1e9>
    x1 = 24 (mV)
    x2 = -24 (mV)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ina (mA/cm2)
    g (S/cm2)
}

STATE { C1 C2 C3 C4 C5 I1 I2 I3 I4 I5 O I6 }

INITIAL { SOLVE gating STEADYSTATE sparse }

BREAKPOINT {
    SOLVE gating METHOD sparse
    g = gbar*O
    ina = g*(v - ena)
}

KINETIC gating {
    LOCAL qt, a, b
    qt = 2.3^((celsius - 37)/10)
    a = qt*alpha*exp(v/x1)
    b = qt*beta*exp(v/x2)
    ~ C1 <-> C2 (4*a, b)
    ~ C2 <-> C3 (3*a, 2*b)
    ~ C3 <-> C4 (2*a, 3*b)
    ~ C4 <-> C5 (a, 4*b)
    ~ C5 <-> O (qt*gamma, qt*delta)
    ~ O <-> I6 (qt*Oon, qt*Ooff)
    ~ I1 <-> I2 (4*a*alfac, b/btfac)
    ~ I2 <-> I3 (3*a*alfac, 2*b/btfac)
    ~ I3 <-> I4 (2*a*alfac, 3*b/btfac)
    ~ I4 <-> I5 (a*alfac, 4*b/btfac)
    ~ I5 <-> I6 (qt*gamma, qt*delta)
    ~ C1 <-> I1 (qt*Con, qt*Coff)
    ~ C2 <-> I2 (qt*Con*alfac, qt*Coff/btfac)
    ~ C3 <-> I3 (qt*Con*alfac^2, qt*Coff/btfac^2)
    ~ C4 <-> I4 (qt*Con*alfac^3, qt*Coff/btfac^3)
    ~ C5 <-> I5 (qt*Con*alfac^4, qt*Coff/btfac^4)
    CONSERVE C1 + C2 + C3 + C4 + C5 + O + I1 + I2 + I3 + I4 + I5 + I6 = 1
}
