TITLE Potassium channels that open and close at random

COMMENT
N channels with one gate each, N0 closed and N1 open. In a step, a channel opens with probability a dt and
closes with probability b dt; how many do is drawn from binomial distributions (stream rng, transitions to
open first). A deterministic gate n is kept beside them, and takes their place where `deterministic` is set
or the step is longer than 1 ms.

The voltage dependence is that of Mainen and Sejnowski, Nature 382 (1996) 363, after Mainen et al., Neuron 15
(1995) 1427, with the half-activation of the cell models of Markram et al., Cell 163 (2015) 456:

    a = Ra (v - tha)/(1 - exp(-(v - tha)/qa))    b = -Rb (v - tha)/(1 - exp((v - tha)/qa))

per ms at 23 degrees, times q10 for every 10 degrees more, as is the conductance; i = gk (v - ek).
Binomial numbers: one uniform number a channel below 25 channels; below a mean of 1 by products of uniform
numbers, as for a Poisson law; otherwise rejection under a Lorentzian curve, as bnldev in Press et al.,
Numerical Recipes, section 7.3, with the logarithm of the gamma function after Lanczos. They are drawn as in
the channel of this name that cell models of the Blue Brain Project use, so that equal streams give equal
numbers; names, defaults and the table of rates are those of it as well.

There, gkbar and gk are said to be in S/cm2, but are used as pS/um2, 1e-4 of it; here the units say so.
ENDCOMMENT

NEURON {
    SUFFIX StochKv
    USEION k READ ek WRITE ik
    RANDOM rng
    RANGE gkbar, gamma, deterministic
    RANGE N, N0, N1, n0_n1, n1_n0, P_a, P_b, eta, gk, ik
    RANGE a, b, ninf, ntau, tadj
    GLOBAL Ra, Rb, tha, qa, vmin, vmax, q10, temp
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (pS) = (picosiemens)
    (S) = (siemens)
    (um) = (micron)
}

PARAMETER {
    gkbar = 0.75 (pS/um2) <0, 1e9>
    gamma = 30 (pS) <1e-9, 1e9>
    tha = -40 (mV)
    qa = 9 (mV)
    Ra = 0.02 (/ms/mV)
    Rb = 0.002 (/ms/mV)
    temp = 23 (degC)
    q10 = 2.3
    deterministic = 0
    vmin = -120 (mV)
    vmax = 100 (mV)
}

ASSIGNED {
    v (mV)
    dt (ms)
    area (um2)
    celsius (degC)
    ek (mV)
    ik (mA/cm2)
    gk (pS/um2)
    eta (/um2)
    N
    N0
    N1
    n0_n1
    n1_n0
    P_a
    P_b
    a (/ms)
    b (/ms)
    ninf
    ntau (ms)
    tadj
}

STATE { n }

INITIAL {
    eta = gkbar/gamma
    rates(v)
    n = ninf
    N = floor(eta*area + 0.5)
    N1 = n*N
    if (!deterministic) {
        N1 = floor(N1 + 0.5)
    }
    N0 = N - N1
    n0_n1 = 0
    n1_n0 = 0
}

BREAKPOINT {
    SOLVE step
    gk = not_negative(N1)*gamma/area*tadj
    ik = (1e-4)*gk*(v - ek)
}

PROCEDURE step() {
    rates(v)
    n = n + (1 - exp(-dt*(a + b)))*(a/(a + b) - n)
    if (deterministic || dt > 1) {
        N1 = n*N
    } else {
        N0 = floor(N0 + 0.5)
        N1 = N - N0
        P_a = not_negative(a*dt)
        P_b = not_negative(b*dt)
        n0_n1 = binomial(P_a, N0)
        n1_n0 = binomial(P_b, N1)
        N0 = not_negative(N0 - n0_n1 + n1_n0)
        N1 = N - N0
    }
    N0 = N - N1
}

PROCEDURE rates(v (mV)) {
    TABLE ntau, ninf, a, b, tadj DEPEND dt, Ra, Rb, tha, qa, q10, temp, celsius FROM vmin TO vmax WITH 199
    tadj = q10^((celsius - temp)/10)
    a = tadj*Ra*qa*exprelr(-(v - tha)/qa)
    b = tadj*Rb*qa*exprelr((v - tha)/qa)
    ntau = 1/(a + b)
    ninf = a*ntau
}

FUNCTION not_negative(x) {
    not_negative = x
    if (x < 0) {
        not_negative = 0
    }
}

FUNCTION binomial(probability, count) {
    LOCAL p, mean, k, x, bound, width, slope, total, larger
    p = probability
    if (p > 0.5) {
        p = 1 - probability
    }
    mean = count*p
    if (count < 25) {
        x = 0
        k = 1
        while (k <= count) {
            if (random_uniform(rng) < p) {
                x = x + 1
            }
            k = k + 1
        }
    } else if (mean < 1) {
        bound = exp(-mean)
        total = random_uniform(rng)
        x = 0
        while (total >= bound && x <= count) {
            x = x + 1
            if (x <= count) {
                total = total*random_uniform(rng)
            }
        }
        if (x > count) {
            x = count
        }
    } else {
        width = sqrt(2*mean*(1 - p))
        total = log_gamma(count + 1)
        larger = 1
        bound = 0
        x = 0
        while (larger > bound) {
            : One uniform number is drawn for nothing, as in the model that this one agrees with.
            larger = random_uniform(rng)
            slope = tan(3.141592654*random_uniform(rng))
            x = width*slope + mean
            while (x < 0 || x >= count + 1) {
                larger = random_uniform(rng)
                slope = tan(3.141592654*random_uniform(rng))
                x = width*slope + mean
            }
            x = floor(x)
            bound = 1.2*width*(1 + slope*slope)*exp(total - log_gamma(x + 1) - log_gamma(count - x + 1) + x*log(p) + (count - x)*log(1 - p))
            larger = random_uniform(rng)
        }
    }
    binomial = x
    if (probability > 0.5) {
        binomial = count - x
    }
}

: Natural logarithm of the gamma function by Lanczos' approximation of order 5.
FUNCTION log_gamma(x) {
    LOCAL head
    head = x + 4.5
    log_gamma = (x - 0.5)*log(head) - head + log(2.50662827465*(1 + 76.18009173/x - 86.50532033/(x + 1) + 24.01409822/(x + 2) - 1.231739516/(x + 3) + 0.120858003e-2/(x + 4) - 0.536382e-5/(x + 5)))
}
