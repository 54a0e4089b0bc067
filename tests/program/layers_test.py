#!/usr/bin/env python3
"""Checks what the sources may include and call; prints one line for each fault, exits 1 on any.

    layers_test.py ROOT

Dependencies go one way, jobs -> engine -> kernels. Each outside library enters through one file.
Engine and kernels call nothing of the C library's mathematics that is not exact: those results
differ between machines, and ours must not. Before it looks at ROOT, the check proves on planted
faults that it sees them.
"""

import re
import sys
import tempfile
from pathlib import Path

# Folder -> folders whose headers it may include.
LAYERS = {"kernels": {"kernels"}, "engine": {"kernels", "engine"},
          "jobs": {"kernels", "engine", "jobs"}}

# Header name pattern, the files that may include it, how many of them at most.
GATES = [(r"hdf5.*|H5\w+\.h", r"engine/h5_detail\.hpp", 1),
         (r"engine/h5_detail\.hpp", r"engine/h5\w*\.cpp", 9),
         (r"(oneapi/)?tbb/.*", r"engine/executor_tbb\.cpp", 1),
         (r"omp\.h", r"engine/executor_openmp\.cpp", 1),
         (r"mpi\w*\.h", r"engine/ranks_mpi\.cpp", 1),
         (r"openssl/.*", r"engine/sha256\.cpp", 1),
         (r"isa-l.*", r"engine/crc64\.cpp", 1),
         (r"toml\+\+/.*", r"jobs/document\.cpp", 1),
         (r"CLI/.*", r"jobs/(scaling/)?cli\.cpp", 2),
         (r"(unsupported/)?Eigen/.*", r"jobs/(trend|scaling/(law_intervals|isoflop_fit))\.cpp", 3),
         (r"LBFGS\w*\.h", r"jobs/scaling/law_descent\.cpp", 1),
         (r"boost/random/.*", r"jobs/sobol\.cpp", 1),
         (r"hwy/.*", r"kernels/.*", 99)]

INEXACT = (r"(?:exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|cbrt|hypot|sin|cos|sincos|tan|asin|"
           r"acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|erf|erfc|lgamma|tgamma)[fl]?")
# A call, or the name of the function as a value; a member function of that name is somebody else's.
INEXACT_CALL = re.compile(r"(?<![\w.:>])(?:(?:std)?\s*::\s*)?(" + INEXACT + r")\s*\(|"
                          r"\bstd\s*::\s*(" + INEXACT + r")\b")
RANDOM = re.compile(r"\bstd\s*::\s*(\w+_distribution|random_device|mt19937\w*|\w+_engine)\b")
OPENMP = re.compile(r"^\s*#\s*pragma\s+omp\b", re.M)

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.M)
TOKEN = re.compile(r'(?P<comment>//[^\n]*|/\*.*?\*/)'
                   r'|(?P<text>R"(?P<end>[^(\s]*)\(.*?\)(?P=end)"|"(?:\\.|[^"\\\n])*"'
                   r"|(?<![0-9A-Fa-f])'(?:\\[^'\n]+|\\'|[^'\\\n])')", re.S)


def blank(match):
    """As many lines as before, so that line numbers stay right."""
    return " " + "\n" * match.group().count("\n")


def without_comments(source):
    return TOKEN.sub(lambda m: blank(m) if m.group("comment") else m.group(), source)


def without_comments_and_text(source):
    return TOKEN.sub(blank, source)


def include_faults(name, layer, source, users):
    for match in INCLUDE.finditer(without_comments(source)):
        header = match.group(1) or match.group(2)
        where = f"{name}:{source.count(chr(10), 0, match.start()) + 1}: includes {header}"
        gate = next((g for g in GATES if re.fullmatch(g[0], header)), None)
        if gate is None:
            if match.group(1) and header.split("/")[0] not in LAYERS[layer]:
                yield f"{where}; {layer}/ may include from: {', '.join(sorted(LAYERS[layer]))}"
        elif re.fullmatch(gate[1], name):
            users.setdefault(gate[0], set()).add(name)
        else:
            yield f"{where}; only {gate[1]} may"


def call_faults(name, layer, source):
    code = without_comments_and_text(source)
    rules = [(RANDOM, "draws come from kernels/ only")]
    if layer != "jobs":
        rules.append((INEXACT_CALL, "its bits differ between C libraries; kernels/math.hpp has ours"))
    if name != "engine/executor_openmp.cpp":
        rules.append((OPENMP, "only engine/executor_openmp.cpp may use OpenMP"))
    for pattern, reason in rules:
        for match in pattern.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: {match.group().strip()}: {reason}"


def faults(root):
    users = {}
    for layer in LAYERS:
        files = sorted(p for p in (root / layer).rglob("*") if p.suffix in {".hpp", ".cpp"})
        if not files:
            yield f"{layer}/: no sources found"
        for path in files:
            name = path.relative_to(root).as_posix()
            source = path.read_text(encoding="utf-8")
            yield from include_faults(name, layer, source, users)
            yield from call_faults(name, layer, source)
    for pattern, _, most in GATES:
        names = users.get(pattern, set())
        if len(names) > most:
            yield f"{', '.join(sorted(names))}: {pattern} may enter through {most} file"


CLEAN = {
    "kernels/a.hpp": '// #include "engine/a.hpp", std::exp(x)\n#include <hwy/highway.h>\n'
                     "/* log(x)\n#pragma omp */ inline double exponential(double x) { return x; }\n",
    "kernels/a.cpp": '#include "kernels/a.hpp"\n'
                     "double f(V v) { return v.exp(1'000) + std::sqrt(hn::Exp(v)) + '\"'; }  // pow(\n",
    "engine/h5_detail.hpp": '#include <hdf5.h>\n#include "kernels/a.hpp"\n',
    "engine/h5.cpp": '#include "engine/h5_detail.hpp"\n',
    "engine/executor_openmp.cpp": "#pragma omp parallel\n",
    "jobs/document.cpp": '#include <toml++/toml.h>\n#include "engine/a.hpp"\n',
    "jobs/trend.cpp": '#include <Eigen/Dense>\nconst char* s = "x\\"; std::mt19937 ";\n'
                      'auto r = R"(omp " std::mt19937)"; double y = std::exp(1.0);\n',
}

# File, line added to it, what the report must say.
PLANTED = [
    ("kernels/a.hpp", '#include "engine/h5.hpp"', "kernels/ may include"),
    ("kernels/a.cpp", '  #  include "jobs/plan.hpp"', "kernels/ may include"),
    ("engine/h5.cpp", '#include "jobs/plan.hpp"', "engine/ may include"),
    ("jobs/trend.cpp", '#include "plan.hpp"', "jobs/ may include"),
    ("jobs/trend.cpp", "#include <hdf5.h>", "h5_detail"),
    ("engine/h5.cpp", "#include <hdf5_hl.h>", "h5_detail"),
    ("jobs/trend.cpp", '#include "engine/h5_detail.hpp"', "only engine/h5"),
    ("engine/b.cpp", "#include <tbb/parallel_pipeline.h>", "executor_tbb"),
    ("engine/b.cpp", "#include <oneapi/tbb/task_arena.h>", "executor_tbb"),
    ("engine/b.cpp", "#include <omp.h>", "executor_openmp"),
    ("engine/b.cpp", "#pragma omp simd", "OpenMP"),
    ("engine/b.cpp", "#include <mpi.h>", "ranks_mpi"),
    ("engine/ranks.hpp", "#include <mpi.h>", "ranks_mpi"),
    ("engine/b.cpp", "#include <openssl/evp.h>", "sha256"),
    ("engine/b.cpp", "#include <isa-l/crc64.h>", "crc64"),
    ("engine/b.cpp", "#include <toml++/toml.h>", "document"),
    ("jobs/main.cpp", "#include <CLI/CLI.hpp>", "cli"),
    ("engine/b.cpp", "#include <Eigen/Core>", "jobs"),
    ("jobs/b.cpp", "#include <Eigen/Core>", "law_intervals"),
    ("jobs/b.cpp", "#include <LBFGS.h>", "law_descent"),
    ("engine/b.cpp", "#include <hwy/highway.h>", "kernels"),
    ("jobs/b.cpp", "#include <boost/random/sobol.hpp>", "sobol"),
    ("engine/b.cpp", "double y = std::exp(x);", "bits"),
    ("engine/b.cpp", "double y = 2 * log(x);", "bits"),
    ("kernels/b.cpp", "double y = ::pow(x, 2);", "bits"),
    ("kernels/b.cpp", "float y = std::cosf(x); /* a */", "bits"),
    ("kernels/b.cpp", "apply(x, std::tgamma);", "bits"),
    ("jobs/b.cpp", "std::normal_distribution<double> d;", "draws"),
    ("kernels/b.cpp", "std::mt19937_64 d;", "draws"),
]


def write_tree(root, extra=None):
    sources = dict(CLEAN)
    if extra:
        name, line = extra
        sources[name] = sources.get(name, "") + line + "\n"
    for name, text in sources.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def prove():
    """Wrong answers of the check itself: a fault in the clean tree, or a planted one not seen."""
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder))
        yield from (f"the check is wrong about a clean tree: {f}" for f in faults(Path(folder)))
    for name, line, expected in PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            write_tree(Path(folder), (name, line))
            found = list(faults(Path(folder)))
            if len(found) != 1 or expected not in found[0]:
                yield f"the check is wrong about a planted fault: {name}: {line}: reported {found}"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: layers_test.py ROOT")
    found = list(prove()) + list(faults(Path(sys.argv[1])))
    print("\n".join(found) if found else f"{len(PLANTED)} planted faults seen, none in the sources")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
