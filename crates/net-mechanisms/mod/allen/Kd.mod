TITLE Slowly inactivating D-type potassium channel

COMMENT
Foust, Yu, Popovic, Zecevic and McCormick, J. Neurosci. 31 (2011) 15490:

    m_inf = 1/(1 + exp(-(v + 43)/8))     tau_m = 1 ms
    h_inf = 1/(1 + exp((v + 67)/7.3))    tau_h = 1500 ms

without a correction for temperature; i = gbar m h (v - ek).
As in the models of the Allen Cell Types Database, Gouwens et al., Nat. Commun. 9 (2018) 710.
ENDCOMMENT

NEURON {
    SUFFIX Kd
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
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    mInf
    mTau (ms)
    hInf
    hTau (ms)
}

STATE { m h }

INITIAL {
    rates(v)
    m = mInf
    h = hInf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    g = gbar*m*h
    ik = g*(v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = (mInf - m)/mTau
    h' = (hInf - h)/hTau
}

PROCEDURE rates(v (mV)) {
    mInf = 1/(1 + exp(-(v + 43)/8))
    mTau = 1
    hInf = 1/(1 + exp((v + 67)/7.3))
    hTau = 1500
}
