// Trains one model: an architecture of a paper cut down to this machine (--architecture glam-64b-64e), or a spec of your own (--model)
import org.moe4j.cli.Training;

void main(String[] args) {
    System.exit(Training.run(args)); // progress, then validation loss and expert loads; metrics, checkpoint and result in a folder
}
