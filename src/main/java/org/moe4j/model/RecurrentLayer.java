package org.moe4j.model;

import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.FeedForward;
import org.moe4j.nn.Dropout;
import org.moe4j.nn.Init;
import org.moe4j.nn.Lstm;
import org.moe4j.nn.Module;
import org.moe4j.nn.Pass;

/** y = x + dropout(f(x)), f being an LSTM over time or σ(feed-forward): one layer of a {@link RecurrentModel}. */
final class RecurrentLayer extends Module {
    private final RecurrentModel.Spec spec;
    private final Lstm lstm;                                                      // D to D, or null
    private final FeedForward feedForward;                                        // null where there is an LSTM
    private final Dropout dropout;

    /** @param feedForward the layer if it is no LSTM */
    RecurrentLayer(RecurrentModel.Spec spec, RecurrentModel.Layer layer, FeedForward feedForward, Init init) {
        this.spec = spec;
        this.lstm = layer.lstm() == null ? null
            : part(new Lstm(spec.dim(), layer.lstm().units(), 1, layer.lstm().projection(), spec.bias(), init.at("lstm")));
        this.feedForward = feedForward == null ? null : part(feedForward);
        this.dropout = new Dropout(spec.dropout(), init.at("dropout"));
    }

    FeedForward.Result forward(Tape t, Variable x, Pass pass) {
        FeedForward.Result f = lstm == null ? feedForward.forward(t, x, pass) : new FeedForward.Result(overTime(t, x, pass), List.of(), null);
        Variable y = dropout.forward(t, lstm == null && spec.sigmoid() ? t.sigmoid(f.y()) : f.y(), pass);
        return new FeedForward.Result(spec.residual() ? t.add(x, y) : y, f.losses(), f.routing());
    }

    /** From a state of zeros for each sequence. */
    private Variable overTime(Tape t, Variable x, Pass pass) {
        Variable byTime = t.permute(t.reshape(x, pass.batch(), pass.time(), spec.dim()), 1, 0, 2);           // (T, B, D)
        Variable y = lstm.forward(t, byTime, lstm.zeros(t, pass.batch())).y();
        return t.reshape(t.permute(y, 1, 0, 2), x.shape());                       // (B·T, D)
    }
}
