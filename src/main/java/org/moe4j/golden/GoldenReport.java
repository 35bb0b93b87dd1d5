package org.moe4j.golden;

import java.util.List;

/**
 * What became of every case of a folder. Printed, it is one line a case, then remarks on the folder, then the counts.
 *
 * @param remarks on the folder itself, not counted
 */
public record GoldenReport(List<CaseResult> results, List<String> remarks) {
    public GoldenReport {
        results = List.copyOf(results);
        remarks = List.copyOf(remarks);
    }

    public long count(Outcome outcome) {
        return results.stream().filter(r -> r.outcome() == outcome).count();
    }

    /** 0, or 1 if any case failed: what a program that verifies exits with. */
    public int exitCode() {
        return count(Outcome.FAILED) == 0 ? 0 : 1;
    }

    /** The line with the three counts. */
    public String summary() {
        return "%d cases: %d passed, %d failed, %d not covered".formatted(
            results.size(), count(Outcome.PASSED), count(Outcome.FAILED), count(Outcome.NOT_COVERED));
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        results.forEach(result -> text.append(result).append('\n'));
        remarks.forEach(remark -> text.append(remark).append('\n'));
        return text.append(summary()).toString();
    }
}
