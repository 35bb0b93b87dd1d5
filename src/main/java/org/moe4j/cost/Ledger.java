package org.moe4j.cost;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongBiFunction;
import java.util.function.ToLongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.io.InputException;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;
import org.moe4j.nn.Init;

/**
 * What a model has and does, by formula, part by part. FLOPs follow the convention of {@link Cost}: products only, attention counted
 * over the causal half, training three times forward; the output head is included, the embedding look-up is free.
 *
 * @param spec the whole model, also where {@code parts} are only some of it
 * @param sequence T, the length that FLOPs are averaged over
 * @param parts from input to output, with the FLOPs of one such sequence
 */
public record Ledger(ModelSpec spec, int sequence, List<Part> parts) {
    /** What leaves a long room for three times as much. */
    private static final double MOST = 2e18;
    /** The number of the block in a parameter's name. */
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d+)\\..*");

    /** At the longest sequence the model is trained on. */
    public static Ledger of(ModelSpec spec) {
        return of(spec, spec.sequence());
    }

    /** @throws InputException if the sequence has no token, or there is more to count than a long can hold */
    public static Ledger of(ModelSpec spec, int sequence) {
        if (sequence < 1) {
            throw new InputException("sequence is " + sequence + ", it has to be at least 1");
        }
        Ledger ledger = new Ledger(spec, sequence, List.copyOf(spec.parts(1, sequence)));
        for (ToLongFunction<Part> count : List.<ToLongFunction<Part>>of(Part::parameters, Part::active, Part::flops)) {
            if (!(ledger.parts.stream().mapToDouble(part -> count.applyAsLong(part) < 0 ? Double.NaN : count.applyAsLong(part)).sum() < MOST)) {
                throw new InputException("the model is too large to count: more than 2e18 parameters, or FLOPs for a sequence of " + sequence
                    + " tokens; a shorter sequence may do");
            }
        }
        return ledger;
    }

    /** FLOPs of one training step on a batch of the longest sequences: forward and backward. */
    public static long trainingFlops(ModelSpec spec, int batch) {
        return Cost.flops(spec.parts(batch, spec.sequence()).stream().mapToLong(Part::flops).sum()).trainingFlops();
    }

    /** The lines of these kinds alone: a counting convention. */
    public Ledger only(Set<Part.Kind> kinds) {
        return new Ledger(spec, sequence, parts.stream().filter(part -> kinds.contains(part.kind())).toList());
    }

    /** The lines of all kinds but these. */
    public Ledger without(Set<Part.Kind> kinds) {
        return new Ledger(spec, sequence, parts.stream().filter(part -> !kinds.contains(part.kind())).toList());
    }

    /** All trained parameters. */
    public long parameters() {
        return parts.stream().mapToLong(Part::parameters).sum();
    }

    /** Those of them in bfloat16 tables. */
    public long halfParameters() {
        return parts.stream().mapToLong(Part::halfParameters).sum();
    }

    /** Those that one token uses. */
    public long activeParameters() {
        return parts.stream().mapToLong(Part::active).sum();
    }

    /**
     * Bytes of the parameters, those of bfloat16 tables in two each.
     *
     * @param each bytes of a value of all others
     */
    public long weightBytes(int each) {
        return (parameters() - halfParameters()) * each + halfParameters() * Short.BYTES;
    }

    public double forwardFlopsPerToken() {
        return (double) flops() / sequence;
    }

    public double trainingFlopsPerToken() {
        return (double) Cost.flops(flops()).trainingFlops() / sequence;
    }

    /** Of one sequence, forward. */
    private long flops() {
        return parts.stream().mapToLong(Part::flops).sum();
    }

    /**
     * Blocks that are alike.
     *
     * @param blocks their numbers, ascending; {@link Part#OUTSIDE} alone for a part outside of blocks
     * @param parts of one of them
     */
    public record Group(List<Integer> blocks, List<Part> parts) {}

    /** The parts with blocks that are alike folded into one, in the order in which each kind of block comes first. */
    public List<Group> groups() {
        List<Group> groups = new ArrayList<>();
        Map<List<Part>, Group> seen = new LinkedHashMap<>();
        for (int from = 0, to; from < parts.size(); from = to) {
            int block = parts.get(from).block();
            for (to = from + 1; to < parts.size() && block != Part.OUTSIDE && parts.get(to).block() == block;) {
                to++;
            }
            List<Part> lines = parts.subList(from, to);
            List<Part> unnumbered = lines.stream().map(p -> new Part(Part.OUTSIDE, p.name(), p.kind(), p.parameters(), p.halfParameters(), p.active(), p.flops())).toList();
            Group alike = block == Part.OUTSIDE ? null : seen.get(unnumbered);
            if (alike != null) {
                alike.blocks.add(block);
            } else {
                Group first = new Group(new ArrayList<>(List.of(block)), lines);
                groups.add(first);
                seen.put(unnumbered, first);
            }
        }
        return groups;
    }

    /**
     * The bytes an optimizer keeps for the whole model, by block, with {@link Part#OUTSIDE} for what is in none. The model is built for
     * its shapes on the back end that allocates nothing and counts in float32.
     *
     * @param state bytes kept for a parameter
     */
    public Map<Integer, Long> optimizerBytes(ToLongBiFunction<Parameter, Backend> state) {
        Backend on = new DryBackend();
        Map<Integer, Long> bytes = new TreeMap<>();
        for (Parameter parameter : spec.build(new Init(on, 0)).parameters()) {
            if (parameter.kind() != Parameter.Kind.BUFFER) {
                bytes.merge(block(parameter.name()), state.applyAsLong(parameter, on), Long::sum);
            }
        }
        return bytes;
    }

    /** The number of the block that a parameter of this name is in, or {@link Part#OUTSIDE}. */
    public static int block(String parameter) {
        Matcher block = BLOCK.matcher(parameter);
        return block.matches() ? Integer.parseInt(block.group(1)) : Part.OUTSIDE;
    }
}
