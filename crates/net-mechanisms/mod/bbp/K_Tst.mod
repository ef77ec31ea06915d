TITLE Transient potassium channel

COMMENT
Korngreen and Sakmann, J. Physiol. 525 (2000) 621, layer 5 pyramidal cells, shifted by -10 mV for the junction
potential; with u = v + 10 mV

    m_inf = 1/(1 + exp(-u/19))           tau_m = 0.34 + 0.92 exp(-((u + 71)/59)^2)
    h_inf = 1/(1 + exp((u + 66)/10))     tau_h = 8 + 49 exp(-((u + 73)/23)^2)

in ms at 21 degrees, divided by 2.3^((34 - 21)/10); i = gbar m^4 h (v - ek).
As in Hay et al., PLoS Comput. Biol. 7 (2011) e1002107.
ENDCOMMENT

NEURON {
    SUFFIX K_Tst
    USEION k READ ek WRITE ik
    RANGE gK_Tstbar, gK_Tst, ik
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gK_Tstbar = 1e-5 (S/cm2) <0, 1e9>
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
    gK_Tst (S/cm2)
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
    gK_Tst = gK_Tstbar*m^4*h
    ik = gK_Tst*(v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = (mInf - m)/mTau
    h' = (hInf - h)/hTau
}

PROCEDURE rates(v (mV)) {
    LOCAL qt
    qt = 2.3^((34 - 21)/10)
    mInf = 1/(1 + exp(-(v + 10)/19))
    mTau = (0.34 + 0.92*exp(-((v + 81)/59)^2))/qt
    hInf = 1/(1 + exp((v + 76)/10))
    hTau = (8 + 49*exp(-((v + 83)/23)^2))/qt
}
