package org.moe4j.surgery;

import java.util.ArrayList;
import java.util.List;
import org.moe4j.autodiff.Parameter;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.tensor.Tensor;

/** How far experts that began as copies of one layer have grown apart. */
public final class Siblings {
    private Siblings() {}

    /**
     * The mean over all pairs of a layer's experts of 1 - cos(all weights of the one, all weights of the other): 0 for copies, about 1 for
     * experts that have nothing in common.
     *
     * @throws InputException if the layer has no bank of at least two experts
     */
    public static double distance(LanguageModel model, int layer) {
        List<Tensor> stacked = model.parameters().stream().filter(p -> p.name().startsWith(Layers.prefix(layer) + "experts.")).map(Parameter::value).toList();
        int experts = stacked.isEmpty() ? 0 : stacked.getFirst().shape().dim(0);
        if (experts < 2) {
            throw new InputException("layer " + layer + " has no bank of several experts");
        }
        double[][] products = new double[experts][experts];
        for (Tensor bank : stacked) {
            List<double[]> rows = new ArrayList<>();
            for (int e = 0; e < experts; e++) {
                rows.add(bank.rows(e, e + 1).toDoubles());
            }
            for (int a = 0; a < experts; a++) {
                for (int b = 0; b <= a; b++) {
                    products[a][b] += product(rows.get(a), rows.get(b));
                }
            }
        }
        double sum = 0;
        for (int a = 0; a < experts; a++) {
            for (int b = 0; b < a; b++) {
                sum += 1 - products[a][b] / Math.sqrt(products[a][a] * products[b][b]);
            }
        }
        return 2 * sum / experts / (experts - 1);
    }

    private static double product(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
