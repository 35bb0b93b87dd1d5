package org.moe4j.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

import org.moe4j.autodiff.Arena;
import org.moe4j.data.TokenSet;
import org.moe4j.data.Validation;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.surgery.BranchMix;
import org.moe4j.surgery.Growth;
import org.moe4j.surgery.PatchInput;
import org.moe4j.surgery.Pruning;
import org.moe4j.surgery.Upcycling;
import org.moe4j.sweep.Room;
import org.moe4j.train.Evaluation;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Operations on models in checkpoint folders, each written to another folder: exit code 0, or 2 with one sentence for a mistake. */
public final class Surgery {
    private static final Map<String, Supplier<Callable<Integer>>> OPERATIONS = new LinkedHashMap<>();

    static {
        OPERATIONS.put("upcycle", Upcycle::new);
        OPERATIONS.put("mix", Mix::new);
        OPERATIONS.put("grow", Grow::new);
        OPERATIONS.put("prune", Prune::new);
        OPERATIONS.put("extract", DomainSurgery.Extract::new);
        OPERATIONS.put("add-domain", DomainSurgery.Add::new);
        OPERATIONS.put("tune", Tune::new);
    }

    private Surgery() {}

    /** Runs the operation that the first word names and gives the exit code. */
    public static int run(String... args) {
        if (args.length == 0 || args[0].equals("--help") || args[0].equals("-h")) {
            System.out.println("usage: experiments/run surgery " + String.join("|", OPERATIONS.keySet())
                + " DIR... --out DIR [options]     an operation's --help shows its options");
            OPERATIONS.forEach((name, operation) -> System.out.printf("  %-11s %s%n", name, operation.get().getClass().getAnnotation(Command.class).description()[0]));
            return args.length == 0 ? 2 : 0;
        }
        Supplier<Callable<Integer>> operation = OPERATIONS.get(args[0]);
        if (operation == null) {
            System.err.println(InputException.unknown("operation", args[0], OPERATIONS.keySet()).getMessage());
            return 2;
        }
        return PlainCommand.run(operation.get(), missing -> "give the folder of a checkpoint and --out DIR: experiments/run surgery " + args[0] + " DIR --out DIR",
            Arrays.copyOfRange(args, 1, args.length));
    }

    @Command(name = "experiments/run surgery upcycle", sortOptions = false, description = "Makes mixtures of layers of a dense model, each expert a copy.")
    private static final class Upcycle implements Callable<Integer> {
        @Mixin
        private ModelFolders folders;

        @Mixin
        private NewRouters routers;

        @Option(names = "--experts", paramLabel = "E", description = "copies of a layer, 8 by default")
        private int experts = 8;

        @Option(names = "--granularity", paramLabel = "G", description = "parts to cut each copy into, 1 by default")
        private int granularity = 1;

        @Option(names = "--noise", paramLabel = "SIGMA", description = "added to copies, relative to their weights; 0 by default")
        private double noise;

        @Override
        public Integer call() {
            return folders.operateOnOne("upcycling of " + folders.from(), (on, model) ->
                new Upcycling(routers.layers(model), routers.of(experts), granularity, noise, folders.seed()).apply(on, model));
        }
    }

    @Command(name = "experiments/run surgery mix", sortOptions = false, description = "Makes one mixture of several dense models (branch-train-mix).")
    private static final class Mix implements Callable<Integer> {
        @Mixin
        private ModelFolders folders;

        @Mixin
        private NewRouters routers;

        @Option(names = "--others", paramLabel = "WHICH", description = "what is not an expert: average (default), or the first model's")
        private String others = "average";

        @Override
        public Integer call() {
            BranchMix.Others which = switch (others) {
                case "average" -> BranchMix.Others.AVERAGE;
                case "first" -> BranchMix.Others.FIRST;
                default -> throw InputException.unknown("value of --others", others, List.of("average", "first"));
            };
            if (folders.from().size() < 2) {
                throw new InputException("mixing wants the folders of at least two models");
            }
            return folders.operate("mix of " + folders.from(), (on, models) ->
                new BranchMix(routers.layers(models.getFirst()), routers.of(models.size()), which, folders.seed()).apply(on, models));
        }
    }

    @Command(name = "experiments/run surgery grow", sortOptions = false, description = "Adds experts to every mixture layer.")
    private static final class Grow implements Callable<Integer> {
        @Mixin
        private ModelFolders folders;

        @Option(names = "--experts", paramLabel = "N", description = "new experts of each mixture layer, 4 by default")
        private int experts = 4;

        @Option(names = "--domain", paramLabel = "D", description = "the first domain number that may use them; 0, the default, for every input")
        private int domain;

        @Option(names = "--copied", description = "begin as copies of the old experts in turn")
        private boolean copied;

        @Option(names = "--noise", paramLabel = "SIGMA", description = "added to copies, relative to their weights; 0 by default")
        private double noise;

        @Option(names = "--patch", paramLabel = "P", description = "let the model read patches of P values, too")
        private Integer patch;

        @Option(names = "--per-image", paramLabel = "S", description = "patches of an image, 16 by default")
        private int perImage = 16;

        @Override
        public Integer call() {
            Growth growth = new Growth(experts, domain, copied, noise, folders.seed());
            return folders.operateOnOne("growth of " + folders.from(), (on, model) -> {
                LanguageModel grown = growth.apply(on, model);
                List<String> added = new ArrayList<>(growth.trained(grown));
                if (patch != null) {
                    PatchInput input = new PatchInput(patch, perImage, folders.seed());
                    grown = input.apply(on, grown);
                    added.addAll(input.trained());
                }
                System.out.println("to train what is new: " + String.join(",", added));
                return grown;
            });
        }
    }

    @Command(name = "experiments/run surgery prune", sortOptions = false, description = "Removes experts that a text does not use.")
    private static final class Prune implements Callable<Integer> {
        @Mixin
        private ModelFolders folders;

        @Mixin
        private ModelText text;

        @Option(names = "--least-share", paramLabel = "S", description = "remove experts with a smaller share of a layer's load; 0, the default, those with none")
        private double leastShare;

        @Override
        public Integer call() {
            return folders.operateOnOne("pruning of " + folders.from(), (on, model) -> {
                Validation validation = text.validation(text.open(model), model);
                Evaluation before = Evaluation.of(on, new Arena(on), model, validation);
                LanguageModel pruned = new Pruning(leastShare).apply(on, model, before.loads());
                Evaluation after = Evaluation.of(on, new Arena(on), pruned, validation);
                for (int layer = 0; layer < before.loads().size(); layer++) {
                    System.out.println("mixture layer " + layer + ": " + before.loads().get(layer).experts() + " experts became " + after.loads().get(layer).experts());
                }
                System.out.println("%.6f nats/token before, %.6f after".formatted(before.natsPerToken(), after.natsPerToken()));
                return pruned;
            });
        }
    }

    @Command(name = "experiments/run surgery tune", sortOptions = false, description = "Trains a model on, or only parts of it.")
    private static final class Tune implements Callable<Integer> {
        @Mixin
        private ModelFolders folders;

        @Mixin
        private ModelText text;

        @Option(names = "--steps", paramLabel = "N", description = "optimizer steps, 200 by default")
        private long steps = 200;

        @Option(names = "--learning-rate", paramLabel = "X", description = "the peak, 1e-3 by default; warm-up over a tenth of the steps, cosine to a tenth")
        private double learningRate = 1e-3;

        @Option(names = "--trained", paramLabel = "A,B,..", split = ",", hideParamSyntax = true, description = "what to train, such as experts, router, blocks.1 or experts[8..]; all by default")
        private List<String> trained = List.of();

        @Override
        public Integer call() {
            TrainingSpec spec = TrainingSpec.of(text.batch(), steps, learningRate).withSeed(folders.seed()).withTrained(trained.toArray(String[]::new));
            return folders.operateOnOne("tuning of " + folders.from(), (on, model) -> {
                TokenSet set = text.open(model);
                Room.requireTraining("the tuning of " + folders.from().getFirst(), model.spec(), spec, on);
                Validation validation = text.validation(set, model);
                double before = Evaluation.of(on, new Arena(on), model, validation).natsPerToken();
                double after = new Trainer(on, model, spec, text.batches(set, model, folders.seed()), validation).run(m -> {}).evaluation().natsPerToken();
                System.out.println("%.4f nats/token before, %.4f after".formatted(before, after));
                return model;
            });
        }
    }
}
