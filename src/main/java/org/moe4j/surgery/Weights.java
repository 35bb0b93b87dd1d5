package org.moe4j.surgery;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.model.LanguageModel;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Tensor;
import org.moe4j.tensor.ValueType;

/** The parameters of a model by name, and ways to fill them. */
final class Weights {
    private final Backend on;
    private final Map<String, Parameter> byName = new LinkedHashMap<>();

    Weights(Backend on, LanguageModel model) {
        this.on = on;
        model.parameters().forEach(p -> byName.put(p.name(), p));
    }

    boolean has(String name) {
        return byName.containsKey(name);
    }

    Tensor get(String name) {
        Parameter p = byName.get(name);
        if (p == null) {
            throw new IllegalArgumentException("there is no parameter " + name);
        }
        return p.value();
    }

    /** Those whose names begin so. */
    List<String> names(String prefix) {
        return byName.keySet().stream().filter(name -> name.startsWith(prefix)).toList();
    }

    /** Whether all parameters of a layer's router have a row for each of its experts, and there are some. */
    boolean routerHasRows(int layer, int experts) {
        List<String> router = names(Layers.prefix(layer) + "router.");
        return !router.isEmpty() && router.stream().map(this::get).allMatch(x -> x.shape().rank() > 0 && x.shape().dim(0) == experts);
    }

    /** Takes everything from another model but the feed-forward layers named. */
    void copyAllBut(Collection<Integer> layers, Weights from) {
        List<String> left = layers.stream().map(Layers::prefix).toList();
        byName.forEach((name, p) -> {
            if (left.stream().noneMatch(name::startsWith)) {
                on.copy(from.get(name).data(), p.data());
            }
        });
    }

    /** Becomes the mean of the same parameter of several models. */
    void average(String name, List<Weights> of) {
        Storage mean = on.allocate(get(name).data().size());
        on.fill(mean, 0);
        of.forEach(each -> on.axpy(1.0 / of.size(), wide(each.get(name).data()), mean));
        on.copy(mean, get(name).data());
    }

    /** The values as the back end computes with them: themselves, or a copy of those of a bfloat16 table. */
    private Storage wide(Storage x) {
        if (x.type() == ValueType.NATIVE) {
            return x;
        }
        Storage wide = on.allocate(x.size());
        on.copy(x, wide);
        return wide;
    }

    void copy(Tensor from, Tensor to) {
        on.copy(from.data(), to.data());
    }

    void clear(Tensor x) {
        on.fill(x.data(), 0);
    }

    void copyRow(Tensor from, int row, Tensor to, int toRow) {
        on.copy(from.rows(row, row + 1).data(), to.rows(toRow, toRow + 1).data());
    }

    /** Adds normal numbers whose deviation is {@code relative} times the root mean square of {@code x}. */
    void addNoise(Tensor x, double relative, CounterRandom random) {
        if (relative > 0 && x.data().size() > 0) {
            Storage noise = on.allocate(x.data().size());
            on.normal(random, relative * Math.sqrt(on.sumOfSquares(x.data()) / x.data().size()), noise);
            on.axpy(1, wide(x.data()), noise);
            on.copy(noise, x.data());
        }
    }
}
