TITLE Persistent potassium channel

COMMENT
Korngreen and Sakmann, J. Physiol. 525 (2000) 621, layer 5 pyramidal cells; with u = v - vshift

    m_inf = 1/(1 + exp(-(u + 14.3)/14.6))
    tau_m = tauF (1.25 + 175.03 exp(0.026 u))  where u < -50 mV, tauF (1.25 + 13 exp(-0.026 u)) elsewhere
    h_inf = 1/(1 + exp((u + 54)/11))
    tau_h = 360 + (1010 + 24 (u + 55)) exp(-((u + 75)/48)^2)

in ms at 21 degrees, divided by 2.3^((celsius - 21)/10); i = gbar m^2 h (v - ek).
As in the models of the Allen Cell Types Database, Gouwens et al., Nat. Commun. 9 (2018) 710.
ENDCOMMENT

NEURON {
    SUFFIX K_P
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
    tauF = 1 <1e-9, 1e9>
}

ASSIGNED {
    v (mV)
    celsius (degC)
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
    g = gbar*m*m*h
    ik = g*(v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = (mInf - m)/mTau
    h' = (hInf - h)/hTau
}

PROCEDURE rates(v (mV)) {
    LOCAL qt, u
    qt = 2.3^((celsius - 21)/10)
    u = v - vshift
    mInf = 1/(1 + exp(-(u + 14.3)/14.6))
    if (u < -50) {
        mTau = tauF*(1.25 + 175.03*exp(0.026*u))/qt
    } else {
        mTau = tauF*(1.25 + 13*exp(-0.026*u))/qt
    }
    hInf = 1/(1 + exp((u + 54)/11))
    hTau = (360 + (1010 + 24*(u + 55))*exp(-((u + 75)/48)^2))/qt
}
