TITLE Muscarinic potassium channel of CA1 pyramidal cells

COMMENT
Vervaeke, Hu, Graham and Storm, Neuron 49 (2006) 257:

    alpha = 0.007 exp(6 0.4 (v + 48)/26.12)    beta = 0.007 exp(-6 0.6 (v + 48)/26.12)
    m_inf = alpha/(alpha + beta)               tau_m = 15 + 1/(alpha + beta)

per ms and in ms at 30 degrees, divided by 2.3^((celsius - 30)/10); i = gbar m (v - ek).
As in the models of the Allen Cell Types Database, Gouwens et al., Nat. Commun. 9 (2018) 710.
ENDCOMMENT

NEURON {
    SUFFIX Im_v2
    USEION k READ ek WRITE ik
    RANGE gbar, g, ik
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
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    mInf
    mTau (ms)
}

STATE { m }

INITIAL {
    rates(v)
    m = mInf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    g = gbar*m
    ik = g*(v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = (mInf - m)/mTau
}

PROCEDURE rates(v (mV)) {
    LOCAL qt, alpha, beta
    qt = 2.3^((celsius - 30)/10)
    alpha = 0.007*exp(2.4*(v + 48)/26.12)
    beta = 0.007*exp(-3.6*(v + 48)/26.12)
    mInf = alpha/(alpha + beta)
    mTau = (15 + 1/(alpha + beta))/qt
}
