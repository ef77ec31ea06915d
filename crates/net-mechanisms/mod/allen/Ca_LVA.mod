TITLE Low-voltage-activated calcium channel

COMMENT
Steady states of Avery and Johnston, J. Neurosci. 16 (1996) 5567, time constants after Randall and Tsien,
Neuropharmacology 36 (1997) 879, shifted by -10 mV for the junction potential; with u = v + 10 mV

    m_inf = 1/(1 + exp(-(u + 30)/6))     tau_m = 5 + 20/(1 + exp((u + 25)/5))
    h_inf = 1/(1 + exp((u + 80)/6.4))    tau_h = 20 + 50/(1 + exp((u + 40)/7))

in ms at 21 degrees, divided by 2.3^((celsius - 21)/10); i = gbar m^2 h (v - eca).
As in the layer 5 pyramidal cell of Hay et al., PLoS Comput. Biol. 7 (2011) e1002107.
ENDCOMMENT

NEURON {
    SUFFIX Ca_LVA
    USEION ca READ eca WRITE ica
    RANGE gbar, g, ica
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
    eca (mV)
    ica (mA/cm2)
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
    ica = g*(v - eca)
}

DERIVATIVE gates {
    rates(v)
    m' = (mInf - m)/mTau
    h' = (hInf - h)/hTau
}

PROCEDURE rates(v (mV)) {
    LOCAL qt
    qt = 2.3^((celsius - 21)/10)
    mInf = 1/(1 + exp(-(v + 40)/6))
    mTau = (5 + 20/(1 + exp((v + 35)/5)))/qt
    hInf = 1/(1 + exp((v + 90)/6.4))
    hTau = (20 + 50/(1 + exp((v + 50)/7)))/qt
}
