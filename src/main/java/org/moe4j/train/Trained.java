package org.moe4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.io.InputException;

/**
 * Which parameters a run trains. The others are frozen: they have no gradient, no optimizer state, no part in the clipping norm, and stay
 * as they are to the last bit, running means included.
 *
 * <p>A choice is some neighbouring parts of a dotted name: "experts" is everything that has such a part, "blocks.3" a block,
 * "blocks.*.attention" the attention of all. {@code *} stands for any letters within a part. With "[8..]" behind it, only rows from 8 on
 * along the first axis are trained: of stacked experts, and of the router's rows for them, those that were added last.
 */
final class Trained {
    private static final Pattern CHOICE = Pattern.compile("([\\w*-]+(?:\\.[\\w*-]+)*)(?:\\[(\\d{1,9})\\.\\.])?");

    private Trained() {}

    /** Refuses what cannot be a choice. */
    static void check(String choice) {
        if (!CHOICE.matcher(choice).matches()) {
            throw new InputException("trained: '" + choice + "' is no choice of parameters; 'experts', 'blocks.*.router' or 'experts[8..]' would be");
        }
    }

    /**
     * What to hand to the optimizer, in the order of {@code all}; freezes the rest.
     *
     * @param choices none for everything
     * @throws InputException if one of them matches nothing, or asks for rows that are not there
     */
    static List<Parameter> of(Backend on, List<Parameter> all, List<String> choices) {
        Map<String, Integer> firstRows = new LinkedHashMap<>();                    // by parameter; the smallest that any choice asks for
        for (String choice : choices) {
            List<Parameter> chosen = all.stream().filter(p -> matches(choice, p.name())).toList();
            if (chosen.isEmpty()) {
                throw InputException.unknown("parameters to train", choice, partsOf(all));
            }
            chosen.forEach(p -> firstRows.merge(p.name(), firstRow(choice, p), Math::min));
        }
        if (!choices.isEmpty() && all.stream().noneMatch(p -> p.kind() != Parameter.Kind.BUFFER && firstRows.containsKey(p.name()))) {
            throw new InputException("trained: " + String.join(", ", choices) + " are running means, and no parameters to train");
        }
        List<Parameter> trained = new ArrayList<>();
        for (Parameter p : all) {
            boolean chosen = choices.isEmpty() || firstRows.containsKey(p.name());
            p.setTrained(chosen);
            if (chosen) {
                int from = firstRows.getOrDefault(p.name(), 0);
                trained.add(from == 0 ? p : p.rowsFrom(on, from));
            }
        }
        return List.copyOf(trained);
    }

    private static boolean matches(String choice, String name) {
        List<String> parts = Arrays.asList(name.split("\\."));
        String[] wanted = parsed(choice).group(1).split("\\.");
        for (int at = 0; at + wanted.length <= parts.size(); at++) {
            int first = at;
            if (IntStream.range(0, wanted.length).allMatch(i -> like(wanted[i], parts.get(first + i)))) {
                return true;
            }
        }
        return false;
    }

    private static boolean like(String wanted, String part) {
        return Pattern.matches(wanted.replace("*", ".*"), part);
    }

    private static int firstRow(String choice, Parameter p) {
        String row = parsed(choice).group(2);
        if (row == null) {
            return 0;
        }
        if (p.isTable()) {
            throw new InputException("trained: " + choice + " asks for some rows of " + p.name() + ", a table, which can be trained as a whole only");
        }
        int from = Integer.parseInt(row);
        int rows = p.shape().rank() == 0 ? 1 : p.shape().dim(0);
        if (from >= rows) {
            throw new InputException("trained: " + choice + " asks for rows from " + from + " of " + p.name() + ", which has " + rows);
        }
        return from;
    }

    private static Matcher parsed(String choice) {
        Matcher parsed = CHOICE.matcher(choice);
        if (!parsed.matches()) {
            throw new IllegalArgumentException(choice);
        }
        return parsed;
    }

    /** The words of which the names are made. */
    private static Collection<String> partsOf(List<Parameter> all) {
        TreeSet<String> parts = new TreeSet<>();
        all.forEach(p -> parts.addAll(Arrays.asList(p.name().split("\\."))));
        parts.removeIf(part -> part.matches("\\d+"));
        return parts;
    }
}
