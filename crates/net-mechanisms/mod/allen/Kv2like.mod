TITLE Delayed rectifier potassium channel, Kv2

COMMENT
Form of Keren, Peled and Korngreen, J. Neurophysiol. 94 (2005) 3730, adjusted to the guangxitoxin-sensitive
current of Liu and Bean, J. Neurosci. 34 (2014) 4991:

    alpha = 0.12 (v - 43)/(1 - exp(-(v - 43)/11))    beta = 0.02 exp(-(v + 1.27)/120)
    h_inf = 1/(1 + exp((v + 58)/11))
    tau_h1 = 360 + (1010 + 23.7 (v + 54)) exp(-((v + 75)/48)^2)
    tau_h2 = 2350 + 1380 exp(-0.011 v) - 210 exp(-0.03 v)
    m_inf = alpha/(alpha + beta)                     tau_m = 2.5/(alpha + beta)

per ms and in ms at 21 degrees, time constants divided by 2.3^((celsius - 21)/10);
i = gbar m^2 (h1 + h2)/2 (v - ek).
As in the models of the Allen Cell Types Database, Gouwens et al., Nat. Commun. 9 (2018) 710.
ENDCOMMENT

NEURON {
    SUFFIX Kv2like
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
    mAlpha (/ms)
    mBeta (/ms)
    hInf
    h1Tau (ms)
    h2Tau (ms)
}

STATE { m h1 h2 }

INITIAL {
    rates(v)
    m = mAlpha/(mAlpha + mBeta)
    h1 = hInf
    h2 = hInf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    g = gbar*m*m*(0.5*h1 + 0.5*h2)
    ik = g*(v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = mAlpha*(1 - m) - mBeta*m
    h1' = (hInf - h1)/h1Tau
    h2' = (hInf - h2)/h2Tau
}

PROCEDURE rates(v (mV)) {
    LOCAL qt
    qt = 2.3^((celsius - 21)/10)
    mAlpha = qt/2.5*0.12*11*exprelr(-(v - 43)/11)
    mBeta = qt/2.5*0.02*exp(-(v + 1.27)/120)
    hInf = 1/(1 + exp((v + 58)/11))
    h1Tau = (360 + (1010 + 23.7*(v + 54))*exp(-((v + 75)/48)^2))/qt
    h2Tau = (2350 + 1380*exp(-0.011*v) - 210*exp(-0.03*v))/qt
}
