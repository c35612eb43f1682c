/** One flower: its measurements FP64 [4] in cm, and the index of its species. */
export interface Flower {
  measurements: readonly number[];
  species: number;
}

/** One row of a fully connected layer: weights FP64 [inputs] and a bias. */
export interface Neuron {
  weights: number[];
  bias: number;
}

/** What training learns: (measurements − mean) / deviation → hidden, ReLU → output, softmax over the species. */
export interface Classifier {
  /** FP64 [4], cm */
  mean: number[];
  /** FP64 [4], cm */
  deviation: number[];
  hidden: Neuron[];
  output: Neuron[];
}

/** A source of numbers drawn evenly from [0, 1), the same ones in every run. */
export type RandomSource = () => number;

const HIDDEN_NEURONS = 8;
const EPOCHS = 1000;
const LEARNING_RATE = 0.1;

/** Marsaglia's 32-bit xorshift (Journal of Statistical Software 8(14), 2003); `seed` is an integer ≠ 0. */
export function seededRandom(seed: number): RandomSource {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Fit the classifier to the flowers by plain gradient descent on the mean cross-entropy, all flowers in each step. */
export function trainClassifier(flowers: readonly Flower[], speciesCount: number, random: RandomSource): Classifier {
  const inputs = flowers.map((flower) => flower.measurements);
  const mean = columnMeans(inputs);
  const variance = columnMeans(inputs.map((row) => row.map((value, column) => (value - at(mean, column)) ** 2)));
  const classifier: Classifier = {
    mean,
    deviation: variance.map(Math.sqrt),
    hidden: initialLayer(HIDDEN_NEURONS, mean.length, random),
    output: initialLayer(speciesCount, HIDDEN_NEURONS, random),
  };
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) descend(classifier, flowers);
  return classifier;
}

/** One step down the gradient: every flower's errors first, from the same weights, then the sum of their corrections. */
function descend(classifier: Classifier, flowers: readonly Flower[]): void {
  const rate = LEARNING_RATE / flowers.length;
  for (const errors of flowers.map((flower) => backward(classifier, flower))) {
    correct(classifier.hidden, errors.standardised, errors.hiddenErrors, rate);
    correct(classifier.output, errors.hidden, errors.outputErrors, rate);
  }
}

/** The index of the species that the classifier holds most probable; measurements FP64 [4], cm. */
export function classify(classifier: Classifier, measurements: readonly number[]): number {
  const { scores } = forward(classifier, measurements);
  return scores.indexOf(Math.max(...scores));
}

/** standardised FP64 [4], hidden FP64 [8], scores FP64 [species]: the softmax of the scores is the probabilities. */
function forward(classifier: Classifier, measurements: readonly number[]) {
  const standardised = measurements.map(
    (value, column) => (value - at(classifier.mean, column)) / at(classifier.deviation, column),
  );
  const hidden = weightedSums(classifier.hidden, standardised).map((sum) => Math.max(sum, 0));
  return { standardised, hidden, scores: weightedSums(classifier.output, hidden) };
}

/** Each layer's input for one flower, and the derivative of the flower's cross-entropy by each neuron's weighted sum. */
function backward(classifier: Classifier, flower: Flower) {
  const { standardised, hidden, scores } = forward(classifier, flower.measurements);
  const outputErrors = softmax(scores).map(
    (probability, species) => probability - (species === flower.species ? 1 : 0),
  );
  const hiddenErrors = hidden.map((activation, index) => {
    const outgoing = classifier.output.map((neuron) => at(neuron.weights, index));
    return activation > 0 ? dot(outgoing, outputErrors) : 0;
  });
  return { standardised, hidden, hiddenErrors, outputErrors };
}

function correct(layer: Neuron[], input: readonly number[], errors: readonly number[], rate: number): void {
  for (const [index, neuron] of layer.entries()) {
    const step = rate * at(errors, index);
    neuron.weights = neuron.weights.map((weight, column) => weight - step * at(input, column));
    neuron.bias -= step;
  }
}

/** Weights even over ±√(6 / inputs) (He et al. 2015, for ReLU), biases 0. */
function initialLayer(neurons: number, inputs: number, random: RandomSource): Neuron[] {
  const bound = Math.sqrt(6 / inputs);
  return Array.from({ length: neurons }, () => ({
    weights: Array.from({ length: inputs }, () => (2 * random() - 1) * bound),
    bias: 0,
  }));
}

function weightedSums(layer: readonly Neuron[], input: readonly number[]): number[] {
  return layer.map((neuron) => neuron.bias + dot(neuron.weights, input));
}

function softmax(scores: readonly number[]): number[] {
  const highest = Math.max(...scores);
  const exponentials = scores.map((score) => Math.exp(score - highest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

function columnMeans(rows: readonly (readonly number[])[]): number[] {
  const columns = rows[0]?.length ?? 0;
  return Array.from(
    { length: columns },
    (_, column) => rows.reduce((sum, row) => sum + at(row, column), 0) / rows.length,
  );
}

function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, index) => sum + value * at(right, index), 0);
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`index ${index} is outside ${values.length} values`);
  return value;
}
