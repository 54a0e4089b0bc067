"""What sensitivity measures are tested against: functions whose indices are known in closed form,
designs, and the definitions of the measures in numpy."""

import numpy as np
from scipy import stats

G = np.array([0.0, 1.0, 4.5, 9.0])  # of the g function: 0 is the most influential


def ishigami(x):
    """x in (-pi, pi), a = 7, b = 0.1 (Ishigami and Homma 1990)."""
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices():
    a, b, pi = 7.0, 0.1, np.pi
    parts = np.array([0.5 * (1.0 + b * pi**4 / 5.0) ** 2, a**2 / 8.0, 0.0])
    both = b**2 * pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    variance = parts.sum() + both
    return parts / variance, (parts + np.array([both, 0.0, both])) / variance


def g_function(x):
    """x in (0, 1) (Saltelli and Sobol' 1995)."""
    return np.prod((np.abs(4.0 * x - 2.0) + G) / (1.0 + G), axis=1)


def g_indices():
    own = 1.0 / (3.0 * (1.0 + G) ** 2)
    variance = np.prod(1.0 + own) - 1.0
    return own / variance, own * np.prod(1.0 + own) / (1.0 + own) / variance


FUNCTIONS = {"ishigami": (ishigami, -np.pi, np.pi, 3, ishigami_indices()),
             "g": (g_function, 0.0, 1.0, 4, g_indices())}


def saltelli(rows, d, low, high, generator):
    """Rows of A, B and A with column i from B, one block after the other."""
    a, b = generator.uniform(low, high, (2, rows, d))
    blocks = [a, b]
    for i in range(d):
        blocks.append(a.copy())
        blocks[-1][:, i] = b[:, i]
    return np.concatenate(blocks)


def jansen(output, rows, d):
    """Jansen's estimators, as Saltelli et al. (2010) write them."""
    a, b, *ab = output.reshape(d + 2, rows)
    variance = np.var(np.concatenate([a, b]), ddof=1)
    return (np.array([1.0 - np.mean((b - each) ** 2) / 2.0 / variance for each in ab]),
            np.array([np.mean((a - each) ** 2) / 2.0 / variance for each in ab]))


def morris(trajectories, d, generator, levels=4):
    """Trajectories on the grid of levels in (0, 1), with steps of levels / (2 (levels - 1))."""
    step = levels / (2.0 * (levels - 1.0))
    points = []
    for _ in range(trajectories):
        point = generator.integers(0, levels, d) / (levels - 1.0)
        points.append(point.copy())
        for i in generator.permutation(d):
            point[i] += step if point[i] + step < 1.0 + 1e-9 else -step
            points.append(point.copy())
    return np.array(points), step


def partial_correlations(inputs, output):
    """PRCC and SRRC of ranks, from residuals of least squares."""
    ranks = np.apply_along_axis(stats.rankdata, 0, np.column_stack([inputs, output]))
    x, y = ranks[:, :-1], ranks[:, -1]
    one = np.ones((len(y), 1))

    def residual(columns, target):
        design = np.hstack([one, columns])
        return target - design @ np.linalg.lstsq(design, target, rcond=None)[0]

    prcc = [np.corrcoef(residual(np.delete(x, i, 1), x[:, i]),
                        residual(np.delete(x, i, 1), y))[0, 1] for i in range(x.shape[1])]
    beta = np.linalg.lstsq(np.hstack([one, x]), y, rcond=None)[0][1:]
    return np.array(prcc), beta * x.std(axis=0) / y.std(), 1.0 - residual(x, y).var() / y.var()


def slices_of(values, most=10, least=30):
    """SENSITIVITY.md: equal shares along the sorted values, equal values together."""
    n = min(max(len(values) // least, 2), most)
    share = -(-len(values) // n)
    slices, current = [], []
    for value in np.unique(values):
        if len(current) >= share:
            slices.append(current)
            current = []
        current = [*current, *np.flatnonzero(values == value)]
    if slices and 2 * len(current) < share:
        slices[-1] = [*slices[-1], *current]
    else:
        slices.append(current)
    return slices


def pawn(slices, output):
    """Median and maximum over slices of the largest distance between distribution functions."""
    at = np.unique(output)
    every = np.searchsorted(np.sort(output), at, side="right") / len(output)
    distances = [np.max(np.abs(np.searchsorted(np.sort(output[each]), at, side="right") / len(each)
                               - every)) for each in slices]
    return np.median(distances), np.max(distances)
