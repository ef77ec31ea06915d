TITLE Persistent sodium channel

COMMENT
Magistretti and Alonso, J. Gen. Physiol. 114 (1999) 491, with instantaneous activation:

    m_inf = 1/(1 + exp(-(v + 52.6)/4.6))    h_inf = 1/(1 + exp((v + 48.8)/10))
    alpha_h = 2.88e-6 (v + 17)/(exp((v + 17)/4.63) - 1)
    beta_h = 6.94e-6 (v + 64.4)/(1 - exp(-(v + 64.4)/2.63))    tau_h = 1/(alpha_h + beta_h)

per ms at 21 degrees, times 2.3^((celsius - 21)/10); i = gbar m_inf h (v - ena).
As in the models of the Allen Cell Types Database, Gouwens et al., Nat. Commun. 9 (2018) 710.
ENDCOMMENT

NEURON {
    SUFFIX Nap
    USEION na READ ena WRITE ina
    RANGE gbar, g, ina
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 1e-5 (S/cm2) <0, 1e9>
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ina (mA/cm2)
    g (S/cm2)
    mInf
    hInf
    hTau (ms)
}

STATE { h }

INITIAL {
    rates(v)
    h = hInf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    rates(v)
    g = gbar*mInf*h
    ina = g*(v - ena)
}

DERIVATIVE gates {
    rates(v)
    h' = (hInf - h)/hTau
}

PROCEDURE rates(v (mV)) {
    LOCAL qt
    qt = 2.3^((celsius - 21)/10)
    mInf = 1/(1 + exp(-(v + 52.6)/4.6))
    hInf = 1/(1 + exp((v + 48.8)/10))
    hTau = 1/(qt*(2.88e-6*4.63*exprelr((v + 17)/4.63) + 6.94e-6*2.63*exprelr(-(v + 64.4)/2.63)))
}
