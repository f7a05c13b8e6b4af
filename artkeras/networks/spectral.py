"""Spectral normalisation (Miyato et al. 2018, arXiv 1802.05957)."""

from keras import layers, ops

from artkeras.engine import Tensor


class SpectralConv2D(layers.Conv2D):
    """A convolution whose kernel, as a matrix, is divided by its largest singular value.

    That value is estimated by one power iteration a call in training mode, which goes on from the last one's vector.
    `keras.layers.SpectralNormalization` does it by overwriting the kernel inside the forward pass; where the kernel
    is differentiated by, its backends do not agree on what that means.
    """

    def build(self, input_shape):
        """Add the vector to the kernel and bias."""
        super().build(input_shape)
        self.left = self.add_weight(
            shape=(1, self.filters), initializer="random_normal", trainable=False, name="left", dtype="float32"
        )

    def call(self, inputs, training=False):
        """Convolve by the normalised kernel: (n, height, width, channels) -> (n, height, width, filters)."""
        kernel = self.kernel
        outputs = self.convolution_op(inputs, ops.cast(kernel / self.norm(kernel, training), self.compute_dtype))
        return outputs + ops.cast(self.bias, outputs.dtype) if self.use_bias else outputs

    def norm(self, kernel: Tensor, training: bool) -> Tensor:
        """The kernel's largest singular value, as far as it is known: a scalar through which gradients flow."""
        matrix = ops.cast(ops.reshape(kernel, (-1, self.filters)), "float32")
        constant = ops.stop_gradient(matrix)
        left = ops.cast(self.left, "float32")
        right = ops.normalize(ops.matmul(left, ops.transpose(constant)))
        if training:
            left = ops.normalize(ops.matmul(right, constant))
            self.left.assign(left)
        else:
            left = ops.normalize(left)
        return ops.cast(ops.sum(ops.matmul(ops.matmul(right, matrix), ops.transpose(left))), kernel.dtype)
