import * as tf from '@tensorflow/tfjs-core'
import { openOnnxEngine } from '../../../../src/adapters/onnx/index.ts'
import { openTfjsEngine } from '../../../../src/adapters/tfjs/index.ts'
import { describeEngine } from '../../../support/training/compliance.ts'

describeEngine('onnx', async () => ({ engine: await openOnnxEngine({ threads: 1 }), liveTensors: null }))
describeEngine('tfjs-wasm', async () => ({
  engine: await openTfjsEngine({ backend: 'wasm', allowSoftware: false }),
  liveTensors: () => tf.memory().numTensors,
}))
