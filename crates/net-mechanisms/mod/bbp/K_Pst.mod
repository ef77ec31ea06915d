TITLE Persistent potassium channel

COMMENT
Korngreen and Sakmann, J. Physiol. 525 (2000) 621, layer 5 pyramidal cells, shifted by -10 mV for the junction
potential; with u = v + 10 mV

    m_inf = 1/(1 + exp(-(u + 1)/12))
    tau_m = 1.25 + 175.03 exp(0.026 u)  where u < -50 mV, 1.25 + 13 exp(-0.026 u) elsewhere
    h_inf = 1/(1 + exp((u + 54)/11))
    tau_h = 360 + (1010 + 24 (u + 55)) exp(-((u + 75)/48)^2)

in ms at 21 degrees, divided by 2.3^((34 - 21)/10); i = gbar m^2 h (v - ek).
As in Hay et al., PLoS Comput. Biol. 7 (2011) e1002107.
ENDCOMMENT

NEURON {
    SUFFIX K_Pst
    USEION k READ ek WRITE ik
    RANGE gK_Pstbar, gK_Pst, ik
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gK_Pstbar = 1e-5 (S/cm2) <0, 1e9>
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
    gK_Pst (S/cm2)
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
    gK_Pst = gK_Pstbar*m*m*h
    ik = gK_Pst*(v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = (mInf - m)/mTau
    h' = (hInf - h)/hTau
}

PROCEDURE rates(v (mV)) {
    LOCAL qt
    qt = 2.3^((34 - 21)/10)
    mInf = 1/(1 + exp(-(v + 11)/12))
    if (v < -60) {
        mTau = (1.25 + 175.03*exp(0.026*(v + 10)))/qt
    } else {
        mTau = (1.25 + 13*exp(-0.026*(v + 10)))/qt
    }
    hInf = 1/(1 + exp((v + 64)/11))
    hTau = (360 + (1010 + 24*(v + 65))*exp(-((v + 85)/48)^2))/qt
}
