"""What a picture's pixels are: for records, smoke, measure, the doctor and the page alike.

    kinds    what a file is, and whether TensorFlow decodes its own bytes to what people see
    pixels   the picture as people see it; the bytes that a record holds: the file's own, or the
             pixels encoded anew
    convert  files that TensorFlow does not decode, encoded anew as files that it does

TensorFlow decodes what a record holds by itself, so its decoder has the last word: `stored` gives
the bytes, and what TensorFlow makes of them is what a network is trained and measured on.
"""
