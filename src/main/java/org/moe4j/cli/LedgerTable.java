package org.moe4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

import org.moe4j.cost.Energy;
import org.moe4j.cost.Ledger;
import org.moe4j.io.DType;
import org.moe4j.model.Part;
import org.moe4j.report.Figures;
import org.moe4j.report.TextTable;

/**
 * A ledger as a table: a line a part, blocks that are alike as one, and a total.
 *
 * @param weights       how a parameter is stored that is in no bfloat16 table
 * @param state         what an optimizer keeps of such a parameter is stored as
 * @param optimizer     bytes an optimizer keeps, by block
 * @param trainingEnergy of the whole run, or null
 */
record LedgerTable(Ledger ledger, DType weights, DType state, Map<Integer, Long> optimizer, Energy trainingEnergy) {
    private static final int MOST_NAMED = 6;

    String text() {
        List<String> headings = new ArrayList<>(List.of("", "parameters", "active", "FLOPs/token", "training", "weights", "optimizer"));
        if (trainingEnergy != null) {
            headings.add("energy");
        }
        TextTable table = new TextTable(headings);
        for (Ledger.Group group : ledger.groups()) {
            if (group.blocks().getFirst() == Part.OUTSIDE) {
                group.parts().forEach(part -> line(table, part.name(), List.of(part), 1, OptionalLong.empty()));
            } else {
                blocks(table, group);
            }
        }
        line(table, "total", ledger.parts(), 1, OptionalLong.of(optimizerBytes()));
        return table.toString();
    }

    /** Of optimizer state in all. */
    long optimizerBytes() {
        return optimizer.values().stream().mapToLong(Long::longValue).sum();
    }

    /** All blocks of a kind, and what is in each; in one line where that is one thing. */
    private void blocks(TextTable table, Ledger.Group group) {
        int times = group.blocks().size();
        boolean one = times == 1 && group.parts().size() == 1;
        String name = (times == 1 ? "block " : "blocks ") + numbers(group.blocks()) + (times == 1 ? "" : " (" + times + " x)");
        line(table, one ? name + " " + group.parts().getFirst().name() : name, group.parts(), times,
            OptionalLong.of(group.blocks().stream().mapToLong(block -> optimizer.getOrDefault(block, 0L)).sum()));
        if (!one) {
            group.parts().forEach(part -> line(table, (times == 1 ? "  " : "  each ") + part.name(), List.of(part), 1, OptionalLong.empty()));
        }
    }

    private void line(TextTable table, String name, List<Part> parts, int times, OptionalLong optimizerBytes) {
        Ledger of = new Ledger(ledger.spec(), ledger.sequence(), parts);
        List<String> cells = new ArrayList<>(List.of(name, count(times * of.parameters()), count(times * of.activeParameters()),
            Figures.count(times * of.forwardFlopsPerToken()), Figures.count(times * of.trainingFlopsPerToken()),
            bytes(times * of.weightBytes(weights.bytes())), optimizer(of, optimizerBytes)));
        if (trainingEnergy != null) {
            double share = times * of.forwardFlopsPerToken() / ledger.forwardFlopsPerToken();
            cells.add(energy(share * trainingEnergy.megawattHours()));
        }
        table.row(cells);
    }

    /** Where an optimizer keeps the same for every parameter, that; where it doesn't, what is known of whole blocks alone. */
    private String optimizer(Ledger of, OptionalLong known) {
        long all = optimizerBytes();
        long once = ledger.weightBytes(state.bytes());
        if (known.isEmpty() && all % once == 0) {
            return bytes(of.weightBytes(state.bytes()) * (all / once));
        }
        return known.isEmpty() ? "" : bytes(known.getAsLong());
    }

    /** "0-31", "0, 2, .., 62" or "0-5, 7-11". */
    private static String numbers(List<Integer> blocks) {
        int step = blocks.size() < 3 ? 1 : blocks.get(1) - blocks.get(0);
        boolean even = step > 1 && blocks.getLast() - blocks.getFirst() == step * (blocks.size() - 1);
        if (even) {
            return blocks.get(0) + ", " + blocks.get(1) + ", .., " + blocks.getLast();
        }
        List<String> runs = new ArrayList<>();
        for (int from = 0, to; from < blocks.size(); from = to) {
            for (to = from + 1; to < blocks.size() && blocks.get(to) == blocks.get(to - 1) + 1;) {
                to++;
            }
            runs.add(to - from == 1 ? "" + blocks.get(from) : blocks.get(from) + "-" + blocks.get(to - 1));
        }
        return runs.size() <= MOST_NAMED ? String.join(", ", runs) : String.join(", ", runs.subList(0, MOST_NAMED)) + ", ..";
    }

    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** Decimal units, as disks and memory of accelerators are sold. */
    static String bytes(long bytes) {
        String figure = Figures.count(bytes);
        return figure + (bytes < 1000 ? " B" : "B");
    }

    static String energy(double megawattHours) {
        return Figures.count(1e6 * megawattHours) + (1e6 * megawattHours < 1000 ? " Wh" : "Wh");
    }
}
