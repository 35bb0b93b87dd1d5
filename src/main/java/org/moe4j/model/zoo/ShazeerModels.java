package org.moe4j.model.zoo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.experts.DeepFeedForward;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.HierarchicalRouter;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.NoisyTopKRouter;
import org.moe4j.experts.RouterSpec;
import org.moe4j.model.Part;
import org.moe4j.model.RecurrentModel;
import org.moe4j.model.RecurrentModel.Layer;
import org.moe4j.nn.Activation;

/**
 * The language models of Shazeer et al. 2017, tables 7 (one billion words) and 8 (a hundred billion): a mixture between two LSTMs, with four
 * experts for every token however many there are, and the baselines of the same cost. Counts leave out embedding and softmax and know
 * no biases; their multiply-adds are those of one word.
 */
final class ShazeerModels {
    private static final String PAPER = "Shazeer et al. 2017, Outrageously Large Neural Networks, ";
    private static final int WORDS = 793_471;
    private static final int NEWS_WORDS = 100_000;
    private static final int SEQUENCE = 20;
    private static final int DIM = 512;
    private static final int LARGE = 1024;
    private static final String NEWS = "The vocabulary is not in the sources: 100,000 words leave embedding and softmax the 0.1 billion that all totals of table 8 have for them. Dropout is not in table 8. ";
    private static final String GIVEN = "the dimensions give ";
    private static final String UNROLLED = "The length of 20 words is recalled, not checked.";
    private static final String DEEP = "Four hidden layers of 1024 in one network is recalled; four layers of one hidden layer each have the same count. ";

    private ShazeerModels() {}

    static List<Architecture> all() {
        List<Architecture> all = new ArrayList<>(words());
        all.addAll(news());
        return all;
    }

    private static List<Architecture> words() {
        Layer lstm = Layer.lstm(DIM, 0);
        return List.of(
            word("lstm-512-512", DIM, 0.1, List.of(Layer.lstm(512, DIM)), operations("2.4M"), parameters("2.4M"), total("0.8B")),
            word("lstm-1024-512", DIM, 0.1, List.of(Layer.lstm(1024, DIM)), operations("4.7M"), parameters("4.7M"), total("0.8B")),
            word("lstm-2048-512", DIM, 0.1, List.of(Layer.lstm(2048, DIM)), operations("9.4M"), parameters("9.4M"), total("0.8B")),
            word("4xlstm-512", DIM, 0.1, Collections.nCopies(4, lstm), operations("8.4M"), parameters("8.4M"), total("0.8B")),
            word("moe-1-wide", DIM, 0.1, around(lstm, new DenseFeedForward.Spec(4096, Activation.RELU, false)), operations("8.4M"), parameters("8.4M"), total("0.8B")),
            noted(word("moe-1-deep", DIM, 0.1, around(lstm, new DeepFeedForward.Spec(1024, 4, Activation.RELU, false)), operations("8.4M"), parameters("8.4M"), total("0.8B")), DEEP),
            word("4", DIM, 0.1, around(lstm, mixture(flat(4), 1024)), operations("8.4M"), parameters("8.4M"), total("0.8B")),
            word("32", DIM, 0.1, around(lstm, mixture(flat(32), 1024)), operations("8.4M"), parameters("37.8M"), total("0.9B")),
            word("256", DIM, 0.1, around(lstm, mixture(flat(256), 1024)), operations("8.6M").except(GIVEN + "8.65 million"), parameters("272.9M"), total("1.1B")),
            word("256-h", DIM, 0.1, around(lstm, mixture(groups(256, 16), 1024)), operations("8.4M"), parameters("272.9M"), total("1.1B")),
            word("1024-h", DIM, 0.2, around(lstm, mixture(groups(1024, 16), 1024)), operations("8.5M"), parameters("1079.0M"), total("1.9B")),
            word("4096-h", DIM, 0.2, around(lstm, mixture(groups(4096, 16), 1024)), operations("8.9M"), parameters("4303.4M"), total("5.1B")),
            word("2xlstm-8192-1024", LARGE, 0.25, Collections.nCopies(2, Layer.lstm(8192, LARGE)), operations("151.0M"), parameters("151.0M"), total("1.8B")),
            word("34m", LARGE, 0.3, around(Layer.lstm(LARGE, 0), mixture(groups(1024, 16), 2048)), operations("33.8M").except(GIVEN + "33.85 million"), parameters("4313.9M"),
                total("6.0B").except(GIVEN + "5.94 billion")),
            word("143m", LARGE, 0.4, around(Layer.lstm(4096, LARGE), mixture(groups(256, 16), 8192)), operations("142.7M"), parameters("4371.1M").except(GIVEN + "4371.02 million"),
                total("6.0B")));
    }

    private static List<Architecture> news() {
        Layer lstm = Layer.lstm(DIM, 0);
        List<Architecture> all = new ArrayList<>();
        all.add(news("4xlstm-512", Collections.nCopies(4, lstm), "8.4M", "8.4M", "0.1B"));
        all.add(news("32", around(lstm, mixture(flat(32), 1024)), "8.4M", "37.8M", "0.1B"));
        int[] experts = {256, 1024, 4096, 16_384, 65_536, 131_072};
        int[] groups = {32, 32, 64, 128, 256, 256};
        String[] operations = {"8.4M", "8.5M", "8.6M", "8.8M", "9.2M", "9.7M"};
        String[] parameters = {"272.9M", "1079.0M", "4303.4M", "17201.0M", "68791.0M", "137577.6M"};
        String[] totals = {"0.4B", "1.2B", "4.4B", "17.3B", "68.9B", "137.7B"};
        IntStream.range(0, experts.length).forEach(i ->
            all.add(news(experts[i] + "-h", around(lstm, mixture(groups(experts[i], groups[i]), 1024)), operations[i], parameters[i], totals[i])));
        return all;
    }

    private static Architecture word(String name, int dim, double dropout, List<Layer> layers, Published... published) {
        return new Architecture("moe2017-" + name, PAPER + "table 7", spec(WORDS, dim, dropout, layers), List.of(published), UNROLLED);
    }

    private static Architecture news(String name, List<Layer> layers, String operations, String parameters, String total) {
        return new Architecture("moe2017-100b-" + name, PAPER + "table 8", spec(NEWS_WORDS, DIM, 0, layers),
            List.of(operations(operations), parameters(parameters), total(total)), NEWS + UNROLLED);
    }

    private static Architecture noted(Architecture a, String note) {
        return new Architecture(a.name(), a.paper(), a.spec(), a.published(), note + a.note());
    }

    private static Published operations(String printed) {
        return Published.of(Published.Quantity.MULTIPLY_ADDS, printed, Mark.PAPER).without(Part.Kind.EMBEDDINGS);
    }

    private static Published parameters(String printed) {
        return Published.of(Published.Quantity.PARAMETERS, printed, Mark.PAPER).without(Part.Kind.EMBEDDINGS);
    }

    /** With embedding and softmax. */
    private static Published total(String printed) {
        return Published.of(Published.Quantity.PARAMETERS, printed, Mark.PAPER);
    }

    private static RecurrentModel.Spec spec(int vocabulary, int dim, double dropout, List<Layer> layers) {
        return new RecurrentModel.Spec(vocabulary, dim, SEQUENCE, false, false, dropout, true, true, layers);
    }

    private static List<Layer> around(Layer lstm, FeedForwardSpec layer) {
        return List.of(lstm, Layer.of(layer), lstm);
    }

    private static FeedForwardSpec mixture(RouterSpec router, int hidden) {
        return new MixtureOfExperts.Spec(router, new MlpExperts.Spec(hidden, Activation.RELU, false));
    }

    private static RouterSpec flat(int experts) {
        return new NoisyTopKRouter.Spec(experts, 4);
    }

    private static RouterSpec groups(int experts, int groups) {
        return new HierarchicalRouter.Spec(experts, groups);
    }
}
