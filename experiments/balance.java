// Does a mixture need its balance losses? Table 6 of Shazeer et al. 2017 on 32 experts; "quick" trains a little with one seed
import org.moe4j.analysis.*;
import org.moe4j.backend.*;
import org.moe4j.data.*;
import org.moe4j.experts.*;
import org.moe4j.model.*;
import org.moe4j.nn.*;
import org.moe4j.report.*;
import org.moe4j.train.*;

static final double[][] WEIGHTS = {{0, 0}, {0.2, 0}, {0, 0.2}, {0.1, 0.1}, {0.01, 0.01}, {1, 1}};     // of importance and load, the table's rows
static final int BATCH = 32;
static final int TIME = 64;

/** The model of the paper, smaller: an LSTM, 4 of 32 experts, an LSTM. */
static ModelSpec model(int vocabulary, double importance, double load) {
    FeedForwardSpec mixture = new MixtureOfExperts.Spec(new NoisyTopKRouter.Spec(32, 4, importance, load, 0.01), new MlpExperts.Spec(128, Activation.RELU, false));
    return new RecurrentModel.Spec(vocabulary, 64, TIME, false, true, 0.1, true, true,
            List.of(RecurrentModel.Layer.lstm(64, 0), RecurrentModel.Layer.of(mixture), RecurrentModel.Layer.lstm(64, 0)));
}

void main(String[] args) {
    boolean quick = List.of(args).equals(List.of("quick"));
    if (args.length > 0 && !quick) {
        IO.println("usage: experiments/run balance [quick]     (other options: change the script)");
        System.exit(List.of(args).equals(List.of("--help")) ? 0 : 2);
    }
    int steps = quick ? 80 : 600;
    int seeds = quick ? 1 : 3;
    TokenSet text = TokenSet.open(DataSpec.DEFAULT.withTokenizer(TokenizerKind.BPE, 1024));
    Validation validation = Validation.of(text, 65_536, BATCH, TIME);
    Backend on = Backends.open("auto", Runtime.getRuntime().availableProcessors());
    TextTable table = new TextTable("w_imp", "w_load", "perplexity", "CV(importance)", "CV(load)", "max/mean load");
    for (double[] weights : WEIGHTS) {
        double[][] bySeed = new double[4][seeds];
        for (int seed = 1; seed <= seeds; seed++) {
            LanguageModel model = model(text.tokenizer().vocabularySize(), weights[0], weights[1]).build(new Init(on, seed));
            TrainingSpec training = TrainingSpec.of(BATCH, steps, 3e-3).withSeed(seed).withIntervals(0, 0, 1);
            int number = seed - 1;
            Trainer.Outcome outcome = new Trainer(on, model, training, new Batches(text, BATCH, TIME, seed)::at, validation).run(step -> {
                if (step.step() > 0.9 * steps) {                       // the mean of batches, not the batches' mean: as the table has it
                    RoutingStatistics loads = step.loads().getFirst();
                    bySeed[1][number] += loads.importanceVariation() / (0.1 * steps);
                    bySeed[2][number] += loads.loadVariation() / (0.1 * steps);
                    bySeed[3][number] += loads.maxOverMeanLoad() / (0.1 * steps);
                }
            });
            bySeed[0][number] = Math.exp(outcome.evaluation().natsPerToken());
            System.err.printf("w_imp %s, w_load %s, seed %d: perplexity %.2f%n", weights[0], weights[1], seed, bySeed[0][number]);
        }
        table.row("" + weights[0], "" + weights[1],
                Figures.estimate(Estimate.of(bySeed[0]), 2), Figures.estimate(Estimate.of(bySeed[1]), 3), Figures.estimate(Estimate.of(bySeed[2]), 3),
                Figures.estimate(Estimate.of(bySeed[3]), 2));
    }
    IO.print("%d steps of %d tokens, means of %d seeds ± their standard errors; variation over the 32 experts of a batch, of the last tenth of the steps.%n%n%s".formatted(
            steps, BATCH * TIME, seeds, table));
    System.exit(0);
}
