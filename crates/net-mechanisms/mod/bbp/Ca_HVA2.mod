TITLE High-voltage-activated calcium channel, inactivation shifted

COMMENT
Rates of Reuveni, Friedman, Amitai and Gutnick, J. Neurosci. 13 (1993) 4609, fitted to calcium currents of
neocortical neurons, as used in the layer 5 pyramidal cell of Hay et al., PLoS Comput. Biol. 7 (2011) e1002107:

    alpha_m = 0.055 (-27 - v)/(exp((-27 - v)/3.8) - 1)    beta_m = 0.94 exp((-75 - v)/17)
    alpha_h = 0.000457 exp((-13 - v)/50)                  beta_h = 0.0065/(exp((-15 - v)/28) + 1)

per ms and mV, without a correction for temperature; i = gbar m^2 h (v - eca). The rates of
inactivation are taken at v + 12.3 mV, for the liquid junction potential of the recordings (activation after
Sayer, Schwindt and Crill 1990, inactivation after Dichter and Zona 1989).
ENDCOMMENT

NEURON {
    SUFFIX Ca_HVA2
    USEION ca READ eca WRITE ica
    RANGE gCa_HVAbar, gCa_HVA, ica
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gCa_HVAbar = 1e-5 (S/cm2) <0, 1e9>
}

ASSIGNED {
    v (mV)
    eca (mV)
    ica (mA/cm2)
    gCa_HVA (S/cm2)
    mAlpha (/ms)
    mBeta (/ms)
    hAlpha (/ms)
    hBeta (/ms)
}

STATE { m h }

INITIAL {
    rates(v)
    m = mAlpha/(mAlpha + mBeta)
    h = hAlpha/(hAlpha + hBeta)
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    gCa_HVA = gCa_HVAbar*m*m*h
    ica = gCa_HVA*(v - eca)
}

DERIVATIVE gates {
    rates(v)
    m' = mAlpha*(1 - m) - mBeta*m
    h' = hAlpha*(1 - h) - hBeta*h
}

PROCEDURE rates(v (mV)) {
    mAlpha = 0.055*3.8*exprelr((-27 - v)/3.8)
    mBeta = 0.94*exp((-75 - v)/17)
    hAlpha = 0.000457*exp((-25.3 - v)/50)
    hBeta = 0.0065/(exp((-27.3 - v)/28) + 1)
}
