TITLE Transient potassium channel

COMMENT
Korngreen and Sakmann, J. Physiol. 525 (2000) 621, layer 5 pyramidal cells; with u = v - vshift

    m_inf = 1/(1 + exp(-(u + 47)/29))    tau_m = 0.34 + mTauF 0.92 exp(-((u + 71)/59)^2)
    h_inf = 1/(1 + exp((u + 66)/10))     tau_h = 8 + hTauF 49 exp(-((u + 73)/23)^2)

in ms at 21 degrees, divided by 2.3^((celsius - 21)/10); i = gbar m^4 h (v - ek).
As in the models of the Allen Cell Types Database, Gouwens et al., Nat. Commun. 9 (2018) 710.
ENDCOMMENT

NEURON {
    SUFFIX K_T
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
    mTauF = 1 <0, 1e9>
    hTauF = 1 <0, 1e9>
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
    g = gbar*m^4*h
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
    mInf = 1/(1 + exp(-(u + 47)/29))
    mTau = (0.34 + mTauF*0.92*exp(-((u + 71)/59)^2))/qt
    hInf = 1/(1 + exp((u + 66)/10))
    hTau = (8 + hTauF*49*exp(-((u + 73)/23)^2))/qt
}
