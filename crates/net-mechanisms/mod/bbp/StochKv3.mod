TITLE Inactivating potassium channels that open and close at random

COMMENT
N channels with an activation gate n and an inactivation gate l, counted by the state of both: N0L0, N1L0,
N0L1, and N1L1, which conducts. Gates move with the probabilities rate x dt, first n, then l, in numbers from
binomial distributions (stream rng, in the order of the file); in the second half of a step the numbers that
have moved in the first are taken off once more, as in the model that this one agrees with. A deterministic
description n, l is kept beside them, and takes their place where `deterministic` is set or the step is
longer than 1 ms.

Steady states and time constants are those of Mendonca et al., eLife 5 (2016) e16475, shifted by
the junction potential of 10 mV, w = v + 10:

    linf = 1/(1 + exp((-30 - w)/10))           ltau = 0.346 exp(-w/18.272) + 2.09
    ninf = 1/(1 + exp(0.0878 (w + 55.1)))      ntau = 2.1 exp(-w/21.2) + 4.627

in ms, without a correction for temperature; i = gk (v - ek). Counting of channels and binomial numbers are
those of StochKv; names, defaults, the table of rates and the order of draws are those of the channel of this
name that cell models of the Blue Brain Project use.
ENDCOMMENT

NEURON {
    SUFFIX StochKv3
    USEION k READ ek WRITE ik
    RANDOM rng
    RANGE gkbar, gamma, deterministic
    RANGE N, N0L0, N1L0, N0L1, N1L1, P_an, P_bn, P_al, P_bl, eta, gk, ik
    RANGE an, bn, al, bl, ninf, linf, ntau, ltau
    GLOBAL vmin, vmax
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (pS) = (picosiemens)
    (S) = (siemens)
    (um) = (micron)
}

PARAMETER {
    gkbar = 0.01 (S/cm2) <0, 1e9>
    gamma = 50 (pS) <1e-9, 1e9>
    deterministic = 0
    vmin = -120 (mV)
    vmax = 100 (mV)
}

ASSIGNED {
    v (mV)
    dt (ms)
    area (um2)
    ek (mV)
    ik (mA/cm2)
    gk (S/cm2)
    eta (/um2)
    N
    N0L0
    N1L0
    N0L1
    N1L1
    P_an
    P_bn
    P_al
    P_bl
    an (/ms)
    bn (/ms)
    al (/ms)
    bl (/ms)
    ninf
    linf
    ntau (ms)
    ltau (ms)
}

STATE { n l }

INITIAL {
    eta = (1e4)*gkbar/gamma
    rates(v)
    n = ninf
    l = linf
    N = floor(eta*area + 0.5)
    mean_numbers()
    if (!deterministic) {
        whole_numbers()
    }
    N0L0 = N - N1L1 - N1L0 - N0L1
}

BREAKPOINT {
    SOLVE step
    gk = (1e-4)*not_negative(N1L1)*gamma/area
    ik = gk*(v - ek)
}

PROCEDURE mean_numbers() {
    N1L1 = n*l*N
    N1L0 = n*(1 - l)*N
    N0L1 = (1 - n)*l*N
}

PROCEDURE whole_numbers() {
    N1L1 = floor(N1L1 + 0.5)
    N1L0 = floor(N1L0 + 0.5)
    N0L1 = floor(N0L1 + 0.5)
}

PROCEDURE step() {
    LOCAL k, p, count, moved, open0, open1, close0, close1, free0, free1, hold0, hold1
    rates(v)
    l = l + (1 - exp(-dt*(al + bl)))*(al/(al + bl) - l)
    n = n + (1 - exp(-dt*(an + bn)))*(an/(an + bn) - n)
    if (deterministic || dt > 1) {
        mean_numbers()
    } else {
        whole_numbers()
        N0L0 = N - N1L1 - N1L0 - N0L1
        P_an = not_negative(an*dt)
        P_bn = not_negative(bn*dt)
        P_al = not_negative(al*dt)
        P_bl = not_negative(bl*dt)
        open0 = 0
        open1 = 0
        close0 = 0
        close1 = 0
        free0 = 0
        free1 = 0
        hold0 = 0
        hold1 = 0
        : One draw after the other: four of the gate n, four of l.
        k = 0
        while (k < 8) {
            if (k == 0) {
                p = P_an
                count = N0L0
            } else if (k == 1) {
                p = P_an
                count = N0L1
            } else if (k == 2) {
                p = P_bn
                count = N1L1
            } else if (k == 3) {
                p = P_bn
                count = N1L0
            } else if (k == 4) {
                p = P_al
                count = N0L0 - open0
            } else if (k == 5) {
                p = P_al
                count = N1L0 - close0
            } else if (k == 6) {
                p = P_bl
                count = N0L1 - open1
            } else {
                p = P_bl
                count = N1L1 - close1
            }
            moved = binomial(p, count)
            if (k == 0) {
                open0 = moved
            } else if (k == 1) {
                open1 = moved
            } else if (k == 2) {
                close1 = moved
            } else if (k == 3) {
                close0 = moved
                N0L0 = not_negative(N0L0 - open0 + close0)
                N1L0 = not_negative(N1L0 - close0 + open0)
                N0L1 = not_negative(N0L1 - open1 + close1)
                N1L1 = not_negative(N1L1 - close1 + open1)
            } else if (k == 4) {
                free0 = moved
            } else if (k == 5) {
                free1 = moved
            } else if (k == 6) {
                hold0 = moved
            } else {
                hold1 = moved
            }
            k = k + 1
        }
        N0L0 = not_negative(N0L0 - free0 + hold0)
        N1L0 = not_negative(N1L0 - free1 + hold1)
        N0L1 = not_negative(N0L1 - hold0 + free0)
        N1L1 = not_negative(N1L1 - hold1 + free1)
    }
    N0L0 = N - N1L1 - N1L0 - N0L1
}

PROCEDURE rates(v (mV)) {
    LOCAL w
    TABLE ntau, ltau, ninf, linf, al, bl, an, bn DEPEND dt FROM vmin TO vmax WITH 199
    w = v + 10
    linf = 1/(1 + exp((-30 - w)/10))
    ltau = 0.346*exp(-w/18.272) + 2.09
    ninf = 1/(1 + exp(0.0878*(w + 55.1)))
    ntau = 2.1*exp(-w/21.2) + 4.627
    al = linf/ltau
    bl = 1/ltau - al
    an = ninf/ntau
    bn = 1/ntau - an
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
