package org.moe4j.golden;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

import org.moe4j.backend.Backend;

/**
 * Computes a case on a back end and compares everything that it states: outputs, whole numbers exactly, the objective, and the
 * gradient of every input and weight. Float64 back ends are held to the case's float64 tolerance, others to that of float32.
 */
public final class Verification {
    private final Backend on;

    public Verification(Backend on) {
        this.on = on;
    }

    public CaseResult verify(GoldenCase c) {
        Watched tensors = Watched.of(c);
        GoldenCase watched = c.withTensors(tensors);
        try (Bench bench = new Bench(watched, on)) {
            Family.named(c.family()).compute(watched, bench);
            List<String> unread = tensors.unread();
            bench.differentiate();
            return compare(c, bench, unread);
        } catch (Verdict verdict) {
            return new CaseResult(c.name(), verdict.outcome(), "on " + on.name() + ", " + verdict.getMessage());
        } catch (RuntimeException failure) {
            return new CaseResult(c.name(), Outcome.FAILED, "on " + on.name() + ", it could not be computed: " + said(failure));
        }
    }

    private CaseResult compare(GoldenCase c, Bench bench, List<String> unread) {
        Tolerance tolerance = on.bytesPerValue() == Double.BYTES ? c.float64() : c.float32();
        List<Comparison> wrong = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (GoldenTensor expected : c.tensors().values()) {
            String name = expected.name();
            if (!isExpectation(name) || bench.leftOut().keySet().stream().anyMatch(name::startsWith)) {
                continue;
            }
            double[] got = bench.results().get(name);
            if (got == null) {
                missing.add(name);
            } else {
                Comparison comparison = Comparison.of(expected, c.values(name), got, tolerance);
                if (!comparison.agrees()) {
                    wrong.add(comparison);
                }
            }
        }
        if (!wrong.isEmpty()) {
            Comparison worst = wrong.stream().max(Comparator.comparingDouble(Comparison::excess)).orElseThrow();
            String others = wrong.size() == 1 ? "" : ", and %d more tensors differ".formatted(wrong.size() - 1);
            String ignored = unread.isEmpty() ? "" : "; nothing here reads " + String.join(", ", unread) + ", so the case may be of another kind";
            return new CaseResult(c.name(), Outcome.FAILED, "on " + on.name() + ", " + worst.message() + others + ignored);
        }
        if (!missing.isEmpty()) {
            return new CaseResult(c.name(), Outcome.NOT_COVERED, "nothing computes " + String.join(", ", missing));
        }
        return new CaseResult(c.name(), Outcome.PASSED, remarks(bench));
    }

    /** What a computation is held to; the source's own float32 run is not. */
    private static boolean isExpectation(String name) {
        return name.startsWith("f64.") || name.startsWith("out.");
    }

    private String remarks(Bench bench) {
        List<String> remarks = new ArrayList<>(bench.remarks());
        bench.leftOut().forEach((prefix, because) -> remarks.add("on " + on.name() + " without " + prefix + ": " + because));
        return String.join("; ", remarks);
    }

    private static String said(RuntimeException failure) {
        boolean plain = failure instanceof IllegalArgumentException && failure.getMessage() != null;
        return plain ? failure.getMessage() : failure.toString();
    }
}
