TITLE Fast non-inactivating potassium channel Kv3.1

COMMENT
Rettig et al., EMBO J. 11 (1992) 2473; with u = v - vshift

    m_inf = 1/(1 + exp(-(u - 18.7)/9.7))    tau_m = 4/(1 + exp(-(u + 46.56)/44.14))

in ms, without a correction for temperature; i = gbar m (v - ek).
As in the models of the Allen Cell Types Database, Gouwens et al., Nat. Commun. 9 (2018) 710.
ENDCOMMENT

NEURON {
    SUFFIX Kv3_1
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
    vshift = 0 (mV)
}

ASSIGNED {
    v (mV)
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
    LOCAL u
    u = v - vshift
    mInf = 1/(1 + exp(-(u - 18.7)/9.7))
    mTau = 4/(1 + exp(-(u + 46.56)/44.14))
}
