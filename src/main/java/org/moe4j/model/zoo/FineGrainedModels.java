package org.moe4j.model.zoo;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import org.moe4j.experts.ExpertChoiceRouter;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.model.Part;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;

/**
 * Fine-grained mixtures (Krajewski, Ludziejewski et al. 2024): in every block E·G experts of width 4 D / G, of which a token visits G, so that
 * the granularity G leaves the active parameters alone. The grid they trained with E = 64, and the shapes their law calls compute-optimal.
 */
final class FineGrainedModels {
    private static final String PAPER = "Krajewski, Ludziejewski et al. 2024, Scaling Laws for Fine-Grained Mixture of Experts";
    private static final int EXPANSION = 64;
    private static final int HEAD = 64;
    /** What the paper leaves out of N. */
    private static final Set<Part.Kind> LEFT_OUT = EnumSet.of(Part.Kind.INPUT_EMBEDDING, Part.Kind.OUTPUT_EMBEDDING, Part.Kind.TIED_EMBEDDING, Part.Kind.NORM,
        Part.Kind.ROUTER);
    private static final String OPTIMUM = "an optimum of the law, which no model of whole blocks has just the size of";
    private static final String NOTE = "GELU, rotary positions and one matrix for input and output are ours.";

    private record Shape(String size, int dim, int blocks, int heads) {}

    /** Appendix A. */
    private static final List<Shape> GRID = List.of(new Shape("3M", 256, 4, 4), new Shape("7M", 384, 4, 6), new Shape("13M", 512, 4, 8),
        new Shape("25M", 512, 8, 8), new Shape("49M", 640, 10, 10), new Shape("85M", 768, 12, 12));

    private FineGrainedModels() {}

    static List<Architecture> all() {
        List<Architecture> all = new ArrayList<>();
        for (Shape shape : GRID) {
            for (int granularity = 1; granularity <= 16; granularity *= 2) {
                all.add(architecture(shape, granularity, ", appendix A", "", NOTE));
            }
        }
        all.add(optimal("100M", 13, 8));
        all.add(optimal("1B", 27, 16));
        all.add(optimal("3B", 39, 16));
        all.add(optimal("7B", 52, 32));
        all.add(optimal("70B", 113, 32));
        all.add(optimal("300B", 183, 64));
        all.add(optimal("1T", 273, 64));
        return all;
    }

    /** Of table 2, with the blocks whose active parameters, 12 D² each at D = 64 for each block, come nearest. */
    private static Architecture optimal(String size, int blocks, int granularity) {
        Shape shape = new Shape(size, HEAD * blocks, blocks, blocks);
        return architecture(shape, granularity, ", table 2", OPTIMUM,
            "The blocks are ours: as many as D = 64 · blocks wants for the printed size. " + NOTE);
    }

    /** @param exception why the printed size may not be the count */
    private static Architecture architecture(Shape shape, int granularity, String place, String exception, String note) {
        String name = "finegrained-" + EXPANSION + "x" + shape.size.toLowerCase(Locale.ROOT) + "-g" + granularity;
        Transformer.Spec spec = new Transformer.Spec(50_257, shape.dim, 2048, CausalSelfAttention.Spec.rotary(shape.heads, shape.heads, 10_000), true,
            Repeat.everyBlock(shape.blocks, layer(shape.dim, granularity)));
        Published printed = Published.of(Published.Quantity.ACTIVE, shape.size, Mark.PAPER).without(LEFT_OUT);
        long active = spec.parts(1, 1).stream().filter(part -> printed.counted().contains(part.kind())).mapToLong(Part::active).sum();
        return new Architecture(name, PAPER + place, spec, List.of(printed.agrees(active) ? printed : printed.except(exception)), note);
    }

    /** Expert choice among 256 tokens of one position, a LayerNorm before the mixture's output. */
    private static FeedForwardSpec layer(int dim, int granularity) {
        return new MixtureOfExperts.Spec(new ExpertChoiceRouter.Spec(EXPANSION * granularity, granularity, ExpertChoiceRouter.Grouping.POSITION, 256),
            new MlpExperts.Spec(4 * dim / granularity, Activation.GELU, false), List.of(), true);
    }
}
